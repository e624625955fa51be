// Retention on a real broker that looks for expired segments all the time: old-dated events stay until they
// were read.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections, defaultTopics, topicSpecs } from '@activity/contracts';
import { openTopicReader, type TopicReader } from '@activity/streams';
import { MongoClient } from 'mongodb';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startBroker, type LocalServer } from '@activity/testbed/servers/start';
import { ensureTopics } from '@activity/local/parts/topics';
import { projectRoot } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';
import { startQuery } from './testing/query-process.ts';
import { servers } from '@activity/testbed/testing';
import { startService, type ServiceProcess } from './testing/service-process.ts';

const day = 86_400_000;
const dataDir = mkdtempSync(join(tmpdir(), 'activity-retention-'));
/** Records by the time of their producer, as in topics of before: shows that the broker has looked. */
const control = 'control';
let broker: LocalServer;
let kafka: Kafka;
let admin: Admin;
let reader: TopicReader;
const services: ServiceProcess[] = [];

async function send(
  topic: string,
  messages: { key: string; value: string; timestamp: string }[],
): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

function event(index: number, time: number): { key: string; value: string; timestamp: string } {
  const userId = `user-${index % 7}`;
  const timestamp = new Date(time).toISOString();
  const value = JSON.stringify({
    eventId: `e${index}`,
    userId,
    activityType: 'LOGIN',
    metadata: {},
    timestamp,
    receivedAt: new Date().toISOString(),
  });
  // What an edge of before, or somebody else, gives a record as its time.
  return { key: userId, value, timestamp: String(time) };
}

async function start(
  name: 'ingest' | 'processor' | 'connect',
  group = 'one',
  env: Record<string, string> = {},
): Promise<ServiceProcess> {
  const service = await startService(name, {
    KAFKA_BROKERS: broker.address,
    KAFKA_GROUP_ID: `retention-${group}`,
    STATE_DIR: join(dataDir, group),
    ...env,
  });
  services.push(service);
  return service;
}

async function firstKept(topic: string): Promise<number> {
  return (await reader.offsets(topic, 'earliest')).reduce((sum, one) => sum + one, 0);
}

/** Waits until the broker has deleted expired segments: the control topic's, which are written now. */
async function untilLookedForExpired(): Promise<void> {
  const before = await firstKept(control);
  await send(control, [{ key: '', value: '', timestamp: String(Date.now() - 30 * day) }]);
  await vi.waitFor(async () => expect(await firstKept(control)).toBeGreaterThan(before), {
    timeout: 30_000,
    interval: 100,
  });
}

/** The event ids in the enriched topic, with how often each is there and the header of its time. */
async function enriched(): Promise<Map<string, { times: string[]; copies: number }>> {
  const found = new Map<string, { times: string[]; copies: number }>();
  for await (const { value, headers } of reader.read(defaultTopics.enriched)) {
    const log = JSON.parse(value?.toString('utf8') ?? '{}') as { eventId: string; timestamp: string };
    const known = found.get(log.eventId) ?? { times: [], copies: 0 };
    const header = headers.find(({ key }) => key === 'event.time')?.value;
    known.times.push(log.timestamp, Buffer.from(header ?? []).toString('utf8'));
    known.copies++;
    found.set(log.eventId, known);
  }
  return found;
}

beforeAll(async () => {
  broker = await startBroker({
    config: {
      'log.retention.check.interval.ms': 200,
      'log.initial.task.delay.ms': 200,
      'log.segment.delete.delay.ms': 100,
    },
  });
  kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  reader = openTopicReader({ brokers: [broker.address], clientId: 'retention' });
}, 90_000);

afterAll(async () => {
  for (const service of services) await service.stop();
  await admin.disconnect();
  await reader.close();
  await broker.stop();
  rmSync(dataDir, { recursive: true });
}, 60_000);

test('topics of before are altered, and events of 30 days ago and of 1970 stay until whoever reads them is back', async () => {
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      { topic: control, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: String(7 * day) }] },
      ...topicSpecs(defaultTopics).map(({ name: topic, config }) => ({
        topic,
        numPartitions: 2,
        configEntries: Object.entries({ ...config, 'message.timestamp.type': 'CreateTime' }).map(
          ([name, value]) => ({ name, value }),
        ),
      })),
    ],
  });
  const processor = await start('processor');
  const edge = await start('ingest');
  await Promise.all([processor.until(503, 60_000), edge.until(503, 60_000)]);
  await vi.waitFor(
    async () => {
      for (const { url } of [processor, edge]) {
        const answer = await fetch(`${url}${url === edge.url ? '/health' : '/readyz'}`);
        expect(await answer.text()).toContain(
          'topic user-activity-logs has message.timestamp.type=CreateTime and needs message.timestamp.type=LogAppendTime',
        );
      }
    },
    { timeout: 60_000, interval: 200 },
  );
  const { altered } = await ensureTopics(broker.address, defaultTopics, 2);
  const byArrival = topicSpecs(defaultTopics).filter(
    ({ config }) => config['message.timestamp.type'] === 'LogAppendTime',
  );
  expect(byArrival.length).toBeGreaterThan(7);
  expect(altered.map(({ name }) => name)).toEqual(byArrival.map(() => 'message.timestamp.type'));
  await Promise.all([processor.until(200, 60_000), edge.until(200, 60_000)]);

  // Each partition has the old ones first, as a segment of its own would.
  const times = [...Array(20).keys()].map((index) => (index < 14 ? Date.now() - 30 * day : 0) + index);
  const events = times.map((time, index) => event(index, time));
  await send(defaultTopics.raw, events);
  await vi.waitFor(async () => expect((await enriched()).size).toBe(events.length), {
    timeout: 60_000,
    interval: 200,
  });
  await untilLookedForExpired();
  await untilLookedForExpired();
  // No sink has read anything yet.
  for (const topic of [defaultTopics.raw, defaultTopics.enriched, defaultTopics.counts, defaultTopics.ledger])
    expect([topic, await firstKept(topic)]).toEqual([topic, 0]);
  for (const [index, time] of times.entries()) {
    const iso = new Date(time).toISOString();
    expect((await enriched()).get(`e${index}`)).toEqual({ times: [iso, iso], copies: 1 });
  }

  // A rebuild reads the old raw records again, and loses none either.
  await processor.stop();
  const rebuilt = await start('processor', 'two');
  await rebuilt.until(200, 60_000);
  await vi.waitFor(
    async () => expect([...(await enriched()).values()].every(({ copies }) => copies === 2)).toBe(true),
    { timeout: 60_000, interval: 200 },
  );
  await untilLookedForExpired();
  expect(await firstKept(defaultTopics.enriched)).toBe(0);
  await rebuilt.stop();
}, 240_000);

/**
 * Has the broker delete all that a topic holds, whoever has read it.
 * Returns where each partition begins then.
 */
async function deleteByRetention(topic: string): Promise<number[]> {
  const ends = await reader.offsets(topic, 'latest');
  const setRetention = async (value: string): Promise<unknown> =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [
            { name: 'retention.ms', value },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
          ],
        },
      ],
    });
  await setRetention('1');
  await vi.waitFor(async () => expect(await reader.offsets(topic, 'earliest')).toEqual(ends), {
    timeout: 30_000,
    interval: 100,
  });
  await setRetention(String(7 * day));
  return ends;
}

test('what retention deletes before it was read is named by the pipeline’s state, the trace and the ledger', async () => {
  const uri = new URL(servers().mongodb);
  uri.pathname = '/retention';
  const client = await new MongoClient(uri.href).connect();
  try {
    const processor = await start('processor', 'two');
    const supervisor = await start('connect', 'two', {
      MONGODB_URI: uri.href,
      CONNECT_URL: 'http://127.0.0.1:1',
      FRESHNESS_INTERVAL_MS: '50',
    });
    const query = await startQuery({
      MONGODB_URI: uri.href,
      SUPERVISOR_URL: supervisor.url,
      PROCESSOR_URLS: processor.url,
    });
    services.push({ ...supervisor, stop: query.stop });
    const get = async (path: string): Promise<Record<string, unknown>> =>
      (await (await fetch(`${query.url}${path}`)).json()) as Record<string, unknown>;
    const lost = async (): Promise<unknown> => (await get('/api/pipeline'))['lost'];
    // The sink has read all there is, and stands.
    const stored = await reader.offsets(defaultTopics.enriched, 'latest');
    const partitions = stored.map((offset, partition) => ({ partition, offset: String(offset) }));
    const groupId = 'connect-activity-logs-sink';
    await admin.setOffsets({ groupId, topic: defaultTopics.enriched, partitions });
    await processor.until(200, 60_000);
    await vi.waitFor(
      async () => {
        const known = await client
          .db()
          .collection('freshness')
          .findOne({ read: { $exists: true } });
        expect(known?.['read']).toHaveLength(Object.keys(collections).length + 1);
      },
      { timeout: 60_000, interval: 100 },
    );
    expect(await lost()).toEqual([]);

    await send(defaultTopics.raw, [event(100, Date.now())]);
    await vi.waitFor(async () => expect((await enriched()).has('e100')).toBe(true), {
      timeout: 60_000,
      interval: 200,
    });
    const { raw } = (await get('/api/events/e100/trace?userId=user-2')) as { raw: { partition: number } };
    const begins = await deleteByRetention(defaultTopics.enriched);
    const { partition } = raw;
    const loss = {
      topic: defaultTopics.enriched,
      of: 'logs',
      partition,
      from: stored[partition],
      to: begins[partition],
      reader: groupId,
      noticedAt: expect.any(String),
    };
    await vi.waitFor(async () => expect(await lost()).toEqual([loss]), { timeout: 30_000, interval: 100 });
    expect((await get('/api/pipeline'))['healthy']).toBe(false);
    await vi.waitFor(
      async () =>
        expect(await get('/api/events/e100/trace?userId=user-2')).toMatchObject({
          state: 'lost',
          raw,
          lost: [loss],
          waiting: null,
        }),
      { timeout: 10_000, interval: 100 },
    );
    expect(await get('/api/events/never/trace?userId=user-2')).toMatchObject({
      state: 'unknown',
      lost: [loss],
    });

    // The processor stands while retention deletes what it has not read.
    const read = await reader.offsets(defaultTopics.raw, 'latest');
    await processor.stop();
    await send(defaultTopics.raw, [event(107, Date.now())]);
    const rawLoss = {
      ...loss,
      topic: defaultTopics.raw,
      of: 'raw',
      from: read[partition],
      to: (await deleteByRetention(defaultTopics.raw))[partition],
      reader: 'retention-two',
    };
    await vi.waitFor(async () => expect(await lost()).toEqual([loss, rawLoss]), {
      timeout: 30_000,
      interval: 100,
    });
    expect(await get('/api/events/e107/trace?userId=user-2')).toMatchObject({
      state: 'unknown',
      lost: [loss, rawLoss],
      unanswered: ['processor'],
    });
    const ledger = await run({
      file: process.execPath,
      args: [join(projectRoot, 'connect', 'src', 'ledger', 'main.ts'), '--wait', '0'],
      env: { KAFKA_BROKERS: broker.address, MONGODB_URI: uri.href, KAFKA_GROUP_ID: 'retention-two' },
    });
    for (const { topic, from = 0, to = 0, reader: group } of [loss, rawLoss]) {
      expect(ledger.output).toContain(
        `partition ${partition} of ${topic}: retention deleted the offsets ${from} to ${to - 1} before ${group} had read them, noticed 2`,
      );
    }
    expect(ledger.code).toBe(1);
  } finally {
    await client.db().dropDatabase();
    await client.close();
  }
}, 240_000);
