// The edge's writer on three brokers: a leader dies, replicas are missing. What was acknowledged is there,
// once.
import { startCluster, type KafkaCluster } from '@activity/testbed';
import { createLogger } from '@activity/service';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EventWriter } from './event-writer.ts';
import { TopicSession } from './topic-session.ts';

let cluster: KafkaCluster;
let kafka: Kafka;
const goesOnWithinMs = 10_000;

beforeAll(async () => {
  cluster = await startCluster();
  kafka = new Kafka({ brokers: [...cluster.addresses], logLevel: logLevel.NOTHING });
}, 180_000);

afterAll(() => cluster?.[Symbol.asyncDispose](), 60_000);

async function createTopic(name: string, minInSync: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'min.insync.replicas', value: String(minInSync) }];
  await admin.createTopics({
    topics: [{ topic: name, numPartitions: 3, replicationFactor: 3, configEntries }],
  });
  await admin.disconnect();
}

function open(topic: string): EventWriter {
  const session = new TopicSession({
    brokers: cluster.addresses,
    topic,
    connectTimeoutMs: 2_000,
    requestTimeoutMs: 5_000,
  });
  return new EventWriter({
    session,
    logger: createLogger('test', 'fatal'),
    deadlineMs: 60_000,
    maxWaitingBytes: 10_000_000,
  });
}

async function write(writer: EventWriter, from: number, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, i) => String(from + i));
  const results = await Promise.all(
    ids.map((id) => writer.write({ key: id, value: id, timestamp: Date.now() })),
  );
  return ids.filter((_id, i) => results[i]?.kind === 'written');
}

/** Every value of a topic up to its end now. */
async function read(topic: string): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  // A broker that is back takes its partitions again, at any moment.
  const offsets = await vi.waitFor(() => admin.fetchTopicOffsets(topic), { timeout: 30_000, interval: 200 });
  const ends = new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: `read-${topic}-${Date.now()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const eachMessage: Parameters<typeof consumer.run>[0] = {
      async eachMessage({ partition, message }) {
        values.push(String(message.value));
        if (Number(message.offset) + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
        if (ends.size === 0) resolve();
      },
    };
    consumer.run(eachMessage).catch(reject);
  });
  await consumer.disconnect();
  return values;
}

function numeric(ids: readonly string[]): number[] {
  return ids.map(Number).toSorted((a, b) => a - b);
}

test('brokers that die one after the other: writing goes on, and nothing acknowledged is lost or there twice', async () => {
  const topic = 'edge-leaders';
  await createTopic(topic, 2);
  const writer = open(topic);
  const acknowledged = await write(writer, 0, 300);
  for (const [n, broker] of cluster.brokers.slice(0, 2).entries()) {
    await broker.kill();
    const began = performance.now();
    acknowledged.push(...(await write(writer, (n + 1) * 1000, 300)));
    expect(performance.now() - began).toBeLessThan(goesOnWithinMs);
    await broker.restart();
    acknowledged.push(...(await write(writer, (n + 1) * 1000 + 500, 300)));
  }
  await writer.close();
  expect(acknowledged).toHaveLength(1500);
  expect(numeric(await read(topic))).toEqual(numeric(acknowledged));
}, 180_000);

test('too few replicas: nothing is acknowledged before they are back', async () => {
  const topic = 'edge-replicas';
  await createTopic(topic, 3);
  const writer = open(topic);
  expect(await write(writer, 0, 100)).toHaveLength(100);
  const [, , broker] = cluster.brokers;
  await broker?.kill();
  let done = false;
  const writing = write(writer, 1000, 100).finally(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 6000));
  expect(done).toBe(false);
  await broker?.restart();
  expect(await writing).toHaveLength(100);
  await writer.close();
  expect(numeric(await read(topic))).toHaveLength(200);
}, 180_000);
