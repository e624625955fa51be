import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startBroker } from '@activity/testbed';
import type { LocalServer } from '@activity/testbed';
import { everyCase } from '@activity/testbed/testing/slice';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  Partitioners,
  ResourcePatternTypes,
} from 'kafkajs';
import type { Admin } from 'kafkajs';
import { afterAll, assert, beforeAll, describe, expect, test, vi } from 'vitest';

const topic = 'edge-raw';
const partitions = 6; // not a power of two: there, partitioners that differ in the sign would agree

interface Seen {
  partition: number;
  offset: number;
  key: string;
  value: Record<string, unknown>;
  timestamp: number;
}

let broker: LocalServer;
let kafka: Kafka;
let admin: Admin;
let edge: ChildProcess;
let url: string;

function startEdge(port: number): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      ...process.env,
      PORT: String(port),
      KAFKA_BROKERS: broker.address,
      KAFKA_TOPIC: topic,
      MAX_EVENT_BYTES: '200000',
      LOG_LEVEL: 'fatal',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function post(event: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${url}/api/logs`, { method: 'POST', body: JSON.stringify(event) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function health(): Promise<number> {
  return fetch(`${url}/health`).then(
    (response) => response.status,
    () => 0,
  );
}

async function healthy(): Promise<void> {
  await vi.waitFor(async () => assert.equal(await health(), 200), { timeout: 30_000, interval: 50 });
}

async function readAll(): Promise<Seen[]> {
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  );
  const seen: Seen[] = [];
  const reached = new Map<number, number>();
  const consumer = kafka.consumer({ groupId: `witness-${Date.now()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      reached.set(partition, Number(message.offset) + 1);
      seen.push({
        partition,
        offset: Number(message.offset),
        key: String(message.key),
        value: JSON.parse(String(message.value)) as Record<string, unknown>,
        timestamp: Number(message.timestamp),
      });
    },
  });
  await vi.waitFor(
    () => {
      for (const [partition, end] of ends) assert.isAtLeast(reached.get(partition) ?? 0, end);
    },
    { timeout: 30_000, interval: 50 },
  );
  await consumer.disconnect();
  return seen;
}

beforeAll(async () => {
  broker = await startBroker({
    // A broker that was killed may come back once its old session has ended.
    config: {
      'broker.session.timeout.ms': 2_000,
      'broker.heartbeat.interval.ms': 500,
      // Rights can be taken from the edge.
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'true',
    },
  });
  kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      {
        topic,
        numPartitions: partitions,
        replicationFactor: 1,
        configEntries: [
          { name: 'max.message.bytes', value: '100000' },
          { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ],
      },
    ],
  });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  edge = startEdge(port);
  await healthy();
});

afterAll(async () => {
  if (edge?.exitCode === null) edge.kill('SIGKILL');
  await admin?.disconnect();
  await broker?.stop();
});

describe('the edge on a real broker', () => {
  test('writes what it acknowledges: key, value, time, and the partition that kafkajs would choose', async () => {
    const before = Date.now();
    const users = Array.from({ length: 200 }, (_, index) => `user-${index}-ü`);
    const answers = await Promise.all(
      users.map(async (userId, index) => post({ userId, activityType: 'PAGE_VIEW', metadata: { index } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const seen = await readAll();
    expect(seen.map(({ key }) => key).toSorted()).toEqual(users.toSorted());
    const choose = Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 1,
      replicas: [],
      isr: [],
    }));
    for (const { key, value, partition, timestamp } of seen) {
      expect(partition).toBe(choose({ topic, partitionMetadata, message: { key, value: null } }));
      expect(answers[users.indexOf(key)]?.body['eventId']).toBe(value['eventId']);
      expect(value).toMatchObject({
        userId: key,
        activityType: 'PAGE_VIEW',
        metadata: { index: users.indexOf(key) },
      });
      // The topic's time is the broker's, which has the record after the edge.
      const receivedAt = Date.parse(value['receivedAt'] as string);
      expect(receivedAt).toBeGreaterThanOrEqual(before);
      expect(timestamp).toBeGreaterThanOrEqual(receivedAt);
      expect(timestamp).toBeLessThanOrEqual(Date.now());
    }
  });

  test('refuses alone the event that is too large for the broker', async () => {
    const small = Array.from({ length: 50 }, (_, index) => ({
      userId: 'same',
      activityType: 'LOGIN',
      eventId: `s${index}`,
    }));
    const large = {
      userId: 'same',
      activityType: 'LOGIN',
      eventId: 'large',
      // Not smaller when it is compressed.
      metadata: { pad: randomBytes(112_500).toString('base64') },
    };
    const answers = await Promise.all([...small.slice(0, 25), large, ...small.slice(25)].map(post));
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array<number>(25).fill(201),
      413,
      ...Array<number>(25).fill(201),
    ]);
    const ids = (await readAll())
      .filter(({ key }) => key === 'same')
      .map(({ value }) => String(value['eventId']));
    expect(ids.toSorted()).toEqual(small.map(({ eventId }) => eventId).toSorted());
  });

  test('is not ready, with the broker’s reason, while it refuses every write, until one succeeds', async () => {
    const rights = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: topic,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: 'User:ANONYMOUS',
      host: '*',
    };
    const [{ ALL, WRITE }, { ALLOW, DENY }] = [AclOperationTypes, AclPermissionTypes];
    await admin.createAcls({
      acl: [
        { ...rights, operation: ALL, permissionType: ALLOW },
        { ...rights, operation: WRITE, permissionType: DENY },
      ],
    });
    const event = { userId: 'refused', activityType: 'LOGIN' };
    await vi.waitFor(async () => assert.equal((await post(event)).status, 503), { timeout: 20_000 });
    for (const path of ['/health', '/readyz']) {
      const response = await fetch(`${url}${path}`);
      const text = await response.text();
      expect([response.status, text]).toEqual([503, expect.stringContaining('events cannot be written')]);
      expect(text).toContain('TOPIC_AUTHORIZATION_FAILED');
    }
    await admin.deleteAcls({
      filters: [{ ...rights, operation: AclOperationTypes.ANY, permissionType: AclPermissionTypes.ANY }],
    });
    await vi.waitFor(async () => assert.equal((await post(event)).status, 201), { timeout: 20_000 });
    expect(await health()).toBe(200);
  }, 60_000);

  test('turns red within 2 s of the broker’s death, returns 503 within the deadline, and recovers by itself', async () => {
    await broker.kill();
    await vi.waitFor(async () => assert.equal(await health(), 503), { timeout: 2_000, interval: 20 });
    const started = performance.now();
    const { status, body } = await post({ userId: 'u', activityType: 'LOGIN', eventId: 'while-away' });
    expect(status).toBe(503);
    expect(body['eventId']).toBe('while-away');
    expect(performance.now() - started).toBeLessThan(6_000);
    await broker.restart();
    await healthy();
    expect((await post({ userId: 'u', activityType: 'LOGIN', eventId: 'again' })).status).toBe(201);
  });

  test('turns red within 2 s of a broker that falls silent', async () => {
    process.kill(broker.pid ?? 0, 'SIGSTOP');
    try {
      await vi.waitFor(async () => assert.equal(await health(), 503), { timeout: 2_000, interval: 20 });
    } finally {
      process.kill(broker.pid ?? 0, 'SIGCONT');
    }
    await healthy();
    expect((await post({ userId: 'u', activityType: 'LOGIN' })).status).toBe(201);
  });

  test('loses nothing that it acknowledged while the broker is killed under load', async () => {
    const acknowledged: string[] = [];
    let sent = 0;
    const loading = new AbortController();
    async function client(number: number): Promise<void> {
      while (!loading.signal.aborted) {
        const eventId = `load-${number}-${sent++}`;
        const answer = await post({ userId: `load-${number}`, activityType: 'API_CALL', eventId });
        if (answer.status === 201) acknowledged.push(eventId);
        else await sleep(20);
      }
    }
    const clients = Promise.all(Array.from({ length: 16 }, async (_, number) => client(number)));
    for (let round = 0; round < (everyCase ? 2 : 1); round++) {
      const goal = acknowledged.length + 500;
      await vi.waitFor(() => assert.isAbove(acknowledged.length, goal), { timeout: 30_000, interval: 10 });
      await broker.kill();
      await broker.restart();
    }
    const goal = acknowledged.length + 500;
    await vi.waitFor(() => assert.isAbove(acknowledged.length, goal), { timeout: 30_000, interval: 10 });
    loading.abort();
    await clients;
    const seen = (await readAll()).filter(({ key }) => key.startsWith('load-'));
    const ids = new Set(seen.map(({ value }) => value['eventId']));
    expect(acknowledged.filter((eventId) => !ids.has(eventId))).toEqual([]);
    // One client sends one event after the other, so each user's first copies lie in that order.
    for (let number = 0; number < 16; number++) {
      const own = seen.filter(({ key }) => key === `load-${number}`).toSorted((a, b) => a.offset - b.offset);
      const order = [...new Set(own.map(({ value }) => Number(String(value['eventId']).split('-')[2])))];
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  }, 120_000);

  test('when asked to end under load, responds to what it took and exits with 0', async () => {
    const answers = Array.from({ length: 200 }, async (_, index) =>
      post({ userId: `last-${index}`, activityType: 'LOGOUT' }).catch(() => ({ status: 0, body: {} })),
    );
    await Promise.race(answers);
    edge.kill('SIGTERM');
    expect((await once(edge, 'exit'))[0]).toBe(0);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    const stored = (await readAll()).filter(({ key }) => key.startsWith('last-'));
    expect(statuses.filter((status) => status !== 0 && status !== 201)).toEqual([]);
    expect(stored.length).toBeGreaterThanOrEqual(statuses.filter((status) => status === 201).length);
  });
});
