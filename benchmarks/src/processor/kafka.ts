// The benchmark's own dealings with the broker, through kafkajs: topics, input, progress, and what came out.
import { setTimeout as sleep } from 'node:timers/promises';
import '@activity/testbed/testing/mend-kafkajs';
import { Kafka, logLevel, Partitioners, type Admin } from 'kafkajs';
import { benchmarkData, type DataOptions } from './data.ts';

/** A client to the benchmark's broker. */
export function connect(address: string): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
}

/** Creates topics, with settings where they have some, and waits until they have leaders. */
export async function createTopics(
  admin: Admin,
  names: readonly string[],
  numPartitions: number,
  settings: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map(),
): Promise<void> {
  const topics = names.map((topic) => ({
    topic,
    numPartitions,
    replicationFactor: 1,
    configEntries: Object.entries(settings.get(topic) ?? {}).map(([name, value]) => ({ name, value })),
  }));
  // kafkajs' own waiting fails where the broker does not know a new topic yet.
  await admin.createTopics({ topics, waitForLeaders: false });
  const allLed = async (): Promise<boolean> => {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [...names] });
    return found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
  };
  for (const end = Date.now() + 30_000; !(await allLed().catch(() => false)); await sleep(50))
    if (Date.now() > end) throw new Error(`no leaders of ${names.join(', ')} after 30 s`);
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

/** The records that a group has committed, over all partitions of some topics. */
export async function committed(admin: Admin, groupId: string, topics: readonly string[]): Promise<number> {
  const offsets = await admin.fetchOffsets({ groupId, topics: [...topics] }).catch(() => []);
  return offsets
    .flatMap(({ partitions }) => partitions)
    .reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

/** How many offsets a topic has given out: records, and the markers of transactions. */
export async function offsetsIn(admin: Admin, topic: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

/** What a candidate's topics must hold in the end. */
export interface Expected {
  /** The topic of the logs: each unique event once. */
  enriched: string;
  unique: number;
  /** Topics of absolute totals, and what the newest of each key add up to. */
  totals: { topic: string; sum: number }[];
}

/** Reads a candidate's topics as an independent read_committed consumer; returns what is wrong in them. */
export async function wrongIn(kafka: Kafka, { enriched, unique, totals }: Expected): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `witness-${enriched}`, readUncommitted: false });
  const ids = new Set<number>();
  const newest = new Map(totals.map(({ topic }) => [topic, new Map<string, number>()]));
  let records = 0;
  let last = 0;
  // It may wait for its group before it reads anything.
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.connect();
  await consumer.subscribe({ topics: [enriched, ...newest.keys()], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, messages } }) => {
      for (const { key, value } of messages) {
        const parsed = parse(value);
        if (topic === enriched) {
          records++;
          ids.add(parsed._id);
        } else newest.get(topic)?.set(String(key?.toString('latin1')), parsed.total);
      }
      last = Date.now();
    },
  });
  await joined;
  last = Date.now();
  const sumOf = (topic: string): number =>
    [...(newest.get(topic)?.values() ?? [])].reduce((a, b) => a + b, 0);
  const complete = (): boolean => records >= unique && totals.every(({ topic, sum }) => sumOf(topic) >= sum);
  // Once all is there, a moment for what should not be.
  while (Date.now() - last < (complete() ? 500 : 5_000)) await sleep(100);
  await consumer.disconnect();
  return [
    ...(records === unique && ids.size === unique
      ? []
      : [`${enriched}: ${records} logs, ${ids.size} of them different, instead of ${unique}`]),
    ...totals
      .filter(({ topic, sum }) => sumOf(topic) !== sum)
      .map(({ topic, sum }) => `${topic}: totals add up to ${sumOf(topic)}, not ${sum}`),
  ];
}

/** In a store's changelog there is something before the JSON; a window that has gone has no value. */
function parse(value: Buffer | null): { _id: number; total: number } {
  if (value === null) return { _id: Number.NaN, total: 0 };
  return JSON.parse(value.toString('utf8', Math.max(0, value.indexOf('{')))) as {
    _id: number;
    total: number;
  };
}
