// A topic of the processor takes less than the processor writes: the events that the broker refuses a record
// for are dead letters with the refusal as their reason, all others are stored, and the processor goes on.
import '@activity/testbed/testing/mend-kafkajs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maxIdBytes, topicEnvironment, topicsNamed } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import { servers } from '@activity/testbed/testing';
import { ConfigResourceTypes, Kafka, logLevel, type Admin, type Consumer, type Producer } from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTopics, readJudged } from './testing/judged.ts';
import { startService, type ServiceProcess } from './testing/service-process.ts';

const partitions = 2;
const name = `refused-${process.pid}`;
const topics = topicsNamed(name);
const short = Array.from({ length: 6 }, (_, n) => `short-${n}`);
const long = Array.from({ length: 2 }, (_, n) => `long-${n}-`.padEnd(maxIdBytes, 'x'));

let admin: Admin;
let producer: Producer;
let reader: Consumer;
let processor: ServiceProcess;
let stateDir: string;
let made = 0;

/** What became of each raw record, by `partition/offset`: `stored`, or the message of its dead letter. */
let judged: ReadonlyMap<string, string>;

beforeAll(async () => {
  const kafka = new Kafka({ clientId: name, brokers: [servers().kafka], logLevel: logLevel.NOTHING });
  stateDir = mkdtempSync(join(tmpdir(), 'activity-refused-'));
  admin = kafka.admin();
  producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1 });
  reader = kafka.consumer({ groupId: `${name}-reader`, readUncommitted: false, maxWaitTimeInMs: 100 });
  await Promise.all([admin.connect(), producer.connect()]);
  await createTopics(admin, topics, partitions);
  judged = await readJudged(reader, topics, 'message');
  processor = await startService('processor', {
    KAFKA_BROKERS: servers().kafka,
    KAFKA_GROUP_ID: name,
    STATE_DIR: stateDir,
    ...topicEnvironment(topics),
    // What a batch takes is not to depend on how well it is compressed.
    KAFKA_COMPRESSION: 'none',
    KAFKA_INTERNAL_COMPRESSION: 'none',
    LOG_LEVEL: 'info',
  });
  await processor.until(200, 180_000);
  await becomes(await send(), () => 'stored');
}, 300_000);

afterAll(async () => {
  await processor?.stop();
  await reader?.disconnect();
  await producer?.disconnect();
  await admin?.deleteTopics({ topics: Object.values(topics) }).catch(() => {});
  await admin?.disconnect();
  rmSync(stateDir, { recursive: true, force: true });
});

/** Writes an event of each user, the long ids between the short ones. Returns where each is, and whose. */
async function send(): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const userId of short.flatMap((user, n) => [user, ...long.slice(n, n + 1)])) {
    const [eventId, time] = [`${userId.slice(0, 700)}-${made++}`, new Date().toISOString()];
    const event = { eventId, userId, activityType: 'LOGIN', metadata: {}, timestamp: time, receivedAt: time };
    const partition = partitionOf(userId, partitions);
    const messages = [{ partition, key: userId, value: JSON.stringify(event) }];
    const [result] = await producer.send({ topic: topics.raw, messages });
    places.set(`${partition}/${result?.baseOffset}`, userId);
  }
  return places;
}

async function becomes(places: Map<string, string>, fate: (userId: string) => unknown): Promise<void> {
  const users = [...places];
  await vi.waitFor(
    () => {
      const found = users.map(([place, user]) => [user.slice(0, 8), judged.get(place)]);
      expect(found).toEqual(users.map(([, user]) => [user.slice(0, 8), fate(user)]));
    },
    { timeout: 180_000, interval: 200 },
  );
}

/** Changes how large a batch of a topic may be, and leaves its other settings. */
async function limit(topic: string, bytes: number): Promise<void> {
  const described = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  });
  const own = described.resources[0]?.configEntries.filter(({ isDefault }) => !isDefault) ?? [];
  const kept = own.filter(({ configName }) => configName !== 'max.message.bytes');
  const configEntries = [
    ...kept.map(({ configName, configValue }) => ({ name: configName, value: configValue })),
    { name: 'max.message.bytes', value: String(bytes) },
  ];
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

/**
 * Hardly more than the marker of a transaction has: where a topic takes less than that, Kafka itself cannot
 * end a transaction that has written to it.
 */
const least = 100;

test('enriched takes nothing: every event is a dead letter, until it takes them again', async () => {
  await limit(topics.enriched, least);
  await becomes(await send(), () => expect.stringMatching(/enriched-\d: MESSAGE_TOO_LARGE/) as unknown);
  await limit(topics.enriched, 1_048_588);
  await becomes(await send(), () => 'stored');
  expect(processor.output()).not.toContain('"state":"ERROR"');
}, 600_000);

test('dead letters that are too large themselves are written without their bytes', async () => {
  await limit(topics.enriched, 900);
  await limit(topics.deadLetter, 1_500);
  const refused: unknown = expect.stringContaining('MESSAGE_TOO_LARGE');
  await becomes(await send(), (user) => (short.includes(user) ? 'stored' : refused));
  await limit(topics.enriched, 1_048_588);
  await limit(topics.deadLetter, 1_048_588);
  await becomes(await send(), () => 'stored');
  expect(processor.output()).not.toContain('"state":"ERROR"');
}, 600_000);

/** The ids of `long` are in the records of these topics. */
const withIds: [string, () => string][] = [
  ['enriched', () => topics.enriched],
  ['users, a changelog that others read', () => topics.users],
  ['the changelog of the dedupe store', () => `${name}-dedupe-store-changelog`],
];

test.each(withIds)(
  '%s',
  async (_what, topicOf) => {
    const topic = topicOf();
    await limit(topic, 900);
    const refused: unknown = expect.stringMatching(`${topic}-\\d: MESSAGE_TOO_LARGE`);
    await becomes(await send(), (user) => (short.includes(user) ? 'stored' : refused));
    await limit(topic, 1_048_588);
    await becomes(await send(), () => 'stored');
    expect(processor.exitCode()).toBeNull();
    expect(processor.output()).not.toContain('"state":"ERROR"');
  },
  600_000,
);
