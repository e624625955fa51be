import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, defaultTopics, topicSpecs } from '@activity/contracts';
import { freePort, startBroker, startConnect, startMongo } from '@activity/testbed';
import type { LocalServer } from '@activity/testbed';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import type { Collection } from 'mongodb';
import { afterAll, assert, beforeAll, expect, test, vi } from 'vitest';
import { startEdge } from './edge.fixture.ts';
import type { RunningEdge } from './edge.fixture.ts';

const repository = join(import.meta.dirname, '..', '..');
const children: ChildProcess[] = [];
let broker: LocalServer;
let mongo: LocalServer;
let connect: LocalServer;
let client: MongoClient;
let logs: Collection;
let folder: string;
let edge: RunningEdge;

function startService(main: string, environment: Record<string, string>): void {
  const child = spawn(process.execPath, [join(repository, main)], {
    env: { ...process.env, LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'acknowledged-'));
  [broker, mongo] = await Promise.all([
    startBroker({ config: { 'broker.session.timeout.ms': 2_000, 'broker.heartbeat.interval.ms': 500 } }),
    startMongo(),
  ]);
  const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: topicSpecs(defaultTopics).map(({ name, config }) => ({
      topic: name,
      numPartitions: 4,
      replicationFactor: 1,
      configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    })),
  });
  await admin.disconnect();
  connect = await startConnect({ brokers: broker.address });
  client = await new MongoClient(mongo.address).connect();
  logs = client.db().collection(collections.logs);
  const common = { KAFKA_BROKERS: broker.address, MONGODB_URI: mongo.address };
  startService('connect/src/main.ts', {
    ...common,
    CONNECT_URL: connect.address,
    METRICS_PORT: String(await freePort()),
  });
  startService('processor/src/main.ts', {
    ...common,
    STATE_DIR: join(folder, 'state'),
    METRICS_PORT: String(await freePort()),
  });
  edge = await startEdge(common);
});

afterAll(async () => {
  edge?.process.kill('SIGKILL');
  for (const child of children) child.kill('SIGKILL');
  await client?.close();
  await Promise.allSettled([connect?.stop(), broker?.stop(), mongo?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

test('under load the broker is killed five times, then the edge: what was acknowledged is stored exactly once', async () => {
  const acknowledged: string[] = [];
  const loading = new AbortController();
  let sent = 0;
  async function work(user: number): Promise<void> {
    while (!loading.signal.aborted) {
      const eventId = `event-${sent++}`;
      const body = JSON.stringify({ userId: `user-${user}`, activityType: 'API_CALL', eventId });
      // As the answers say: a 503, or no answer at all, is sent again with the same id.
      while (!loading.signal.aborted) {
        const status = await fetch(`${edge.url}/api/logs`, { method: 'POST', body }).then(
          (response) => response.status,
          () => 0,
        );
        if (status === 201) {
          acknowledged.push(eventId);
          break;
        }
        await sleep(50);
      }
    }
  }
  const clients = Promise.all(Array.from({ length: 16 }, async (_, user) => work(user)));
  async function moreAcknowledged(): Promise<void> {
    const goal = acknowledged.length + 300;
    await vi.waitFor(() => assert.isAbove(acknowledged.length, goal), { timeout: 60_000, interval: 10 });
  }
  for (let round = 0; round < 5; round++) {
    await moreAcknowledged();
    await broker.kill();
    await broker.restart();
  }
  await moreAcknowledged();
  edge.process.kill('SIGKILL');
  edge = await startEdge({ PORT: String(edge.port), KAFKA_BROKERS: broker.address });
  await moreAcknowledged();
  loading.abort();
  await clients;

  async function storedIds(): Promise<string[]> {
    return (await logs.find({}, { projection: { eventId: 1 } }).toArray()).map(({ eventId }) =>
      String(eventId),
    );
  }
  await vi.waitFor(
    async () => {
      const stored = new Set(await storedIds());
      const missing = acknowledged.filter((eventId) => !stored.has(eventId));
      assert.equal(missing.length, 0, `of ${acknowledged.length} acknowledged, not stored`);
    },
    { timeout: 120_000, interval: 500 },
  );
  const stored = await storedIds();
  expect(stored).toHaveLength(new Set(stored).size);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);
});
