// The benchmark's own dealings with the broker, through kafkajs: topics, input, progress, and what came out.
import '@activity/testbed/testing/mend-kafkajs';
import { Kafka, logLevel, Partitioners, type Admin } from 'kafkajs';
import { benchmarkData, type DataOptions } from './data.ts';

/** A client to the benchmark's broker. */
export function connect(address: string): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
}

/** Creates topics and waits until they have leaders. */
export async function createTopics(
  admin: Admin,
  names: readonly string[],
  numPartitions: number,
): Promise<void> {
  await admin.createTopics({
    topics: names.map((topic) => ({ topic, numPartitions, replicationFactor: 1 })),
    waitForLeaders: true,
  });
}

/** Writes the input; returns how many records are unique. */
export async function writeInput(kafka: Kafka, topic: string, options: DataOptions): Promise<number> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const unique = new Set<string>();
  let messages: { key: string; value: string; timestamp: string }[] = [];
  const send = async (): Promise<void> => {
    await producer.send({ topic, messages });
    messages = [];
  };
  for (const { key, value, timestamp } of benchmarkData(options)) {
    unique.add(value);
    messages.push({ key, value, timestamp: String(timestamp) });
    if (messages.length === 5000) await send();
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
  return unique.size;
}

/** The records that a group has committed, over all partitions of a topic. */
export async function committed(admin: Admin, groupId: string, topic: string): Promise<number> {
  const offsets = await admin.fetchOffsets({ groupId, topics: [topic] }).catch(() => []);
  return offsets
    .flatMap(({ partitions }) => partitions)
    .reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

/** Reads a topic as an independent read_committed consumer: distinct keyed ids, and records in all. */
export async function readBack(
  kafka: Kafka,
  topic: string,
  expected: number,
): Promise<{ records: number; unique: number }> {
  const consumer = kafka.consumer({ groupId: `witness-${topic}`, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const ids = new Set<number>();
  let records = 0;
  let last = Date.now();
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) {
        records++;
        ids.add((JSON.parse(String(value)) as { _id: number })._id);
      }
      last = Date.now();
    },
  });
  while (Date.now() - last < (records < expected ? 5000 : 500))
    await new Promise((done) => setTimeout(done, 100));
  await consumer.disconnect();
  return { records, unique: ids.size };
}
