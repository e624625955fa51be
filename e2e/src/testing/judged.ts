// What a processor made of the records of its raw topic, read from its topics by another client.
import { topicSpecs, type Topics } from '@activity/contracts';
import type { Admin, Consumer } from 'kafkajs';

/** Creates the topics of a processor with their settings. */
export async function createTopics(admin: Admin, topics: Topics, partitions: number): Promise<void> {
  await admin.createTopics({
    topics: topicSpecs(topics).map(({ name: topic, config }) => ({
      topic,
      numPartitions: partitions,
      configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    })),
  });
}

/**
 * Reads on in the background. Returns what became of each raw record, by `partition/offset`: `stored`, or
 * this header of its dead letter.
 */
export async function readJudged(
  reader: Consumer,
  topics: Topics,
  letter: 'reason' | 'message',
): Promise<ReadonlyMap<string, string>> {
  const judged = new Map<string, string>();
  await reader.connect();
  await reader.subscribe({ topics: [topics.enriched, topics.deadLetter], fromBeginning: true });
  await reader.run({
    autoCommit: false,
    eachMessage({ topic, message: { value, headers = {} } }): Promise<void> {
      const header = (key: string): string => String(headers[`dead-letter.${key}`]);
      if (topic === topics.deadLetter) {
        judged.set(`${header('partition')}/${header('offset')}`, header(letter));
      } else {
        const { _id: id } = JSON.parse(String(value)) as { _id: number };
        if (id >= 0) judged.set(`${id % 1024}/${Math.floor(id / 1024)}`, 'stored');
      }
      return Promise.resolve();
    },
  });
  return judged;
}
