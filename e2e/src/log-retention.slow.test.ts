// Logs that have an end, through the whole pipeline: what has expired is counted, is not seen, is removed,
// does not come back, and the ledger balances.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { topicEnvironment, topicsNamed, topicsOf } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { projectRoot } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';
import { servers } from '@activity/testbed/testing';
import { MongoClient, type Collection } from 'mongodb';
import { afterAll, assert, beforeAll, expect, test, vi } from 'vitest';
import { startService, type ServiceProcess } from './testing/service-process.ts';

const names = topicEnvironment(topicsNamed('expiring'));
const folder = mkdtempSync(join(tmpdir(), 'activity-retention-'));
const services: ServiceProcess[] = [];
const dayMs = 86_400_000;
let env: Record<string, string>;
let client: MongoClient;
let logs: Collection<{ _id: number; eventId: string; expiresAt?: Date }>;
let edge: string;
let query: string;
let connect: string;

interface Log {
  eventId: string;
  expiresAt?: string;
}

async function started(service: 'ingest' | 'query' | 'processor' | 'connect'): Promise<ServiceProcess> {
  const one = await startService(service, env);
  services.push(one);
  return one;
}

async function get(path: string): Promise<unknown> {
  const response = await fetch(`${query}${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

async function listed(): Promise<Log[]> {
  return ((await get('/api/logs?limit=100')) as { data: Log[] }).data;
}

async function ledger(): Promise<Record<string, number>> {
  return ((await get('/api/pipeline')) as { ledger: Record<string, number> }).ledger;
}

/** MongoDB looks for what has expired each second, or not at all. */
async function ttlMonitor(enabled: boolean): Promise<void> {
  const admin = client.db('admin');
  await admin.command({ setParameter: 1, ttlMonitorEnabled: enabled, ttlMonitorSleepSecs: 1 });
}

async function balance(): Promise<string> {
  const file = join(projectRoot, 'connect', 'src', 'ledger', 'main.ts');
  const { output, code } = await run({ file: process.execPath, args: [file, '--wait', '20'], env });
  expect([code, output]).toEqual([0, expect.stringContaining('Every raw record is accounted for.')]);
  return output;
}

beforeAll(async () => {
  const { kafka, connect: connectUrl, mongodb } = servers();
  connect = connectUrl;
  const uri = new URL(mongodb);
  uri.pathname = '/expiring';
  env = {
    ...names,
    KAFKA_BROKERS: kafka,
    KAFKA_GROUP_ID: 'expiring',
    MONGODB_URI: uri.href,
    CONNECT_URL: connect,
    CONNECTOR_PREFIX: 'expiring',
    STATE_DIR: join(folder, 'processor'),
    LOG_RETENTION_DAYS: '1',
    LOG_RETENTION_BY_TYPE: 'ERROR=0,LOGOUT=30',
    LOG_LEVEL: 'warn',
  };
  client = await new MongoClient(uri.href).connect();
  logs = client.db().collection('logs');
  await ttlMonitor(false);
  await ensureTopics(kafka, topicsOf(names), 2);
  const all = [
    await started('ingest'),
    await started('query'),
    await started('processor'),
    await started('connect'),
  ];
  for (const one of all) await one.until(200, 120_000);
  edge = all[0]?.url ?? '';
  query = all[1]?.url ?? '';
}, 240_000);

afterAll(async () => {
  await client?.db('admin').command({ setParameter: 1, ttlMonitorEnabled: true, ttlMonitorSleepSecs: 60 });
  await client?.close();
  await Promise.all(services.map((one) => one.stop()));
  rmSync(folder, { recursive: true });
});

test('what has expired is counted, not seen, removed, and does not come back', async () => {
  const now = Date.now();
  const event = (name: string, activityType: string, ageDays: number): object => ({
    eventId: name,
    userId: 'ann',
    activityType,
    metadata: { device: 'mobile' },
    timestamp: new Date(now - ageDays * dayMs).toISOString(),
  });
  const kept = [
    ...Array.from({ length: 10 }, (_, n) => event(`new-${n}`, 'LOGIN', 0)),
    ...Array.from({ length: 5 }, (_, n) => event(`error-${n}`, 'ERROR', 100)),
    ...Array.from({ length: 5 }, (_, n) => event(`logout-${n}`, 'LOGOUT', 10)),
  ];
  const old = Array.from({ length: 10 }, (_, n) => event(`old-${n}`, 'LOGIN', 10));
  const response = await fetch(`${edge}/api/logs/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([...kept, ...old]),
  });
  expect(response.status).toBe(207);
  await vi.waitFor(async () => assert.equal(await logs.countDocuments(), 30), {
    timeout: 60_000,
    interval: 200,
  });

  // MongoDB has not removed it yet, and nobody sees it.
  const seen = await listed();
  expect(seen).toHaveLength(20);
  expect(seen.some(({ eventId }) => eventId.startsWith('old'))).toBe(false);
  expect((await fetch(`${query}/api/logs/old-3?userId=ann`)).status).toBe(404);
  const exported = await (await fetch(`${query}/api/logs/export?format=ndjson`)).text();
  expect(exported.trim().split('\n')).toHaveLength(20);
  const ends = new Map(seen.map(({ eventId, expiresAt }) => [eventId, expiresAt]));
  expect(ends.get('error-0')).toBeUndefined();
  const inHours = (Date.parse(ends.get('new-0') ?? '') - now) / 3_600_000;
  expect(inHours).toBeGreaterThanOrEqual(24);
  expect(inHours).toBeLessThanOrEqual(25);
  expect(await logs.findOne({ eventId: 'old-3' })).toMatchObject({ metadata: {} });
  await vi.waitFor(async () => assert.include(await ledger(), { enriched: 30, expired: 10 }), {
    timeout: 30_000,
    interval: 200,
  });
  await balance();
  expect(await get('/api/users/ann/activity')).toMatchObject({ total: 30 });

  await ttlMonitor(true);
  // A minute may pass until MongoDB looks for the first time.
  await vi.waitFor(async () => assert.equal(await logs.countDocuments(), 20), {
    timeout: 90_000,
    interval: 200,
  });
  await balance();

  // The connector stores its topic again.
  const connector = `${connect}/connectors/expiring-logs-sink`;
  await fetch(`${connector}/stop`, { method: 'PUT' });
  await vi.waitFor(
    async () => assert.equal((await fetch(`${connector}/offsets`, { method: 'DELETE' })).status, 200),
    {
      timeout: 30_000,
      interval: 200,
    },
  );
  await logs.deleteOne({ eventId: 'new-1' });
  await fetch(`${connector}/resume`, { method: 'PUT' });
  await vi.waitFor(
    async () => {
      const again = await listed();
      assert.isFalse(again.some(({ eventId }) => eventId.startsWith('old')));
      assert.isTrue(again.some(({ eventId }) => eventId === 'new-1'));
    },
    { timeout: 60_000, interval: 50 },
  );
  await vi.waitFor(async () => assert.equal(await logs.countDocuments(), 20), {
    timeout: 30_000,
    interval: 200,
  });
  await balance();

  // A log whose end comes is not seen from that moment on, and is removed.
  const expiresAt = new Date(Date.now() + 1_500);
  await logs.updateOne({ eventId: 'new-2' }, { $set: { expiresAt } });
  expect((await fetch(`${query}/api/logs/new-2?userId=ann`)).status).toBe(200);
  await sleep(expiresAt.getTime() - Date.now() + 50);
  expect((await fetch(`${query}/api/logs/new-2?userId=ann`)).status).toBe(404);
  await vi.waitFor(async () => assert.equal(await logs.countDocuments(), 19), {
    timeout: 30_000,
    interval: 200,
  });
}, 240_000);
