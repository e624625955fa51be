// The query service as its operators meet it: keys and sessions, metrics, slow reads, a MongoDB that goes
// away under the tail.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Long, MongoClient, type Document } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startMongo, type LocalServer } from '@activity/testbed';
import { projectRoot } from '@activity/testbed/paths';
import { readEvents } from './testing/event-source.ts';
import { startQuery, type QueryProcess } from './testing/query-process.ts';
import { servers } from '@activity/testbed/testing';

function databaseOf(mongodb: string, name: string): string {
  const uri = new URL(mongodb);
  uri.pathname = `/${name}`;
  return uri.href;
}

function logOf(id: number): Document {
  const now = new Date();
  return {
    _id: Long.fromNumber(id),
    eventId: `e${id}`,
    userId: 'secret-user',
    activityType: 'LOGIN',
    metadata: {},
    timestamp: now,
    receivedAt: now,
    createdAt: now,
  };
}

describe('keys and sessions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'query-keys-'));
  const file = join(folder, 'keys.json');
  const sessionKey = 'a secret of thirty-two characters';
  let service: QueryProcess;
  let reader: string;

  function keys(...args: string[]): string {
    const cli = join(projectRoot, 'packages/service/src/keys/cli.ts');
    const env = { ...process.env, API_KEYS_FILE: file };
    return execFileSync(process.execPath, [cli, ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  }

  async function statusOf(path: string, headers: Record<string, string> = {}): Promise<number> {
    const response = await fetch(`${service.url}${path}`, { headers });
    await response.body?.cancel();
    return response.status;
  }

  async function signIn(key: string): Promise<Response> {
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
    return fetch(`${service.url}/api/session`, { method: 'POST', headers, body: JSON.stringify({ key }) });
  }

  beforeAll(async () => {
    reader = keys('create', '--name', 'page', '--scope', 'read');
    const uri = databaseOf(servers().mongodb, 'sessions');
    service = await startQuery({
      MONGODB_URI: uri,
      API_KEYS_FILE: file,
      SESSION_KEY: sessionKey,
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
    });
  });

  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  test('what reads needs a key; health, metrics and documents need none', async () => {
    for (const path of [
      '/api/logs',
      '/api/logs/tail',
      '/api/logs/export',
      '/api/stats/overview',
      '/api/pipeline',
    ]) {
      expect([path, await statusOf(path)]).toEqual([path, 401]);
      expect([path, await statusOf(path, { authorization: `Bearer ${reader}` })]).toEqual([path, 200]);
    }
    for (const path of [
      '/health',
      '/livez',
      '/readyz',
      '/metrics',
      '/docs',
      '/openapi.json',
      '/api/session',
    ]) {
      expect([path, await statusOf(path)]).toEqual([path, 200]);
    }
  });

  test('a session reads, outlives a restart, and ends with its key', async () => {
    expect((await signIn('act_000000000000_wrong')).status).toBe(403);
    const signedIn = await signIn(reader);
    expect(signedIn.status).toBe(200);
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect(cookie).not.toContain(reader);
    expect(await statusOf('/api/logs', { cookie })).toBe(200);
    expect(await statusOf('/api/logs', { cookie: `${cookie}x` })).toBe(401);
    await service.stop();
    const uri = databaseOf(servers().mongodb, 'sessions');
    const env = { MONGODB_URI: uri, API_KEYS_FILE: file, SESSION_KEY: sessionKey, LOG_LEVEL: 'warn' };
    service = await startQuery(env, service.port);
    expect(await statusOf('/api/logs', { cookie })).toBe(200);
    keys('revoke', reader.split('_')[1] ?? '');
    await vi.waitFor(async () => expect(await statusOf('/api/logs', { cookie })).toBe(401), {
      timeout: 5_000,
    });
  });
});

describe('what its operators can see', () => {
  let service: QueryProcess;
  let client: MongoClient;

  beforeAll(async () => {
    const uri = databaseOf(servers().mongodb, 'watched');
    client = await new MongoClient(uri).connect();
    await client
      .db()
      .collection('logs')
      .insertMany(Array.from({ length: 200 }, (_, id) => logOf(id)));
    service = await startQuery({ MONGODB_URI: uri, SLOW_READ_MS: '1', LOG_LEVEL: 'warn' });
  });

  afterAll(async () => {
    await service?.stop();
    await client?.db().dropDatabase();
    await client?.close();
  });

  test('slow reads are logged with their plan, not with what was asked for', async () => {
    // Without the migration there is no index: this is what a scan looks like.
    await vi.waitFor(
      async () => {
        await fetch(`${service.url}/api/logs?userId=secret-user&limit=100`);
        expect(service.output()).toContain('a slow read');
        expect(service.output()).toContain('a read that uses no index');
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(service.output()).toMatch(/"operation":"logs\.page".*"plan":"[A-Z_ ]*COLLSCAN"/);
    expect(service.output()).not.toContain('secret-user');
  });

  test('metrics tell of routes, reads, what they examined, the pool and its commands', async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    expect(text).toMatch(
      /^activity_query_requests_total\{method="GET",route="\/api\/logs",status="200".*\} [1-9]/m,
    );
    expect(text).toMatch(/^activity_query_request_seconds_bucket\{le="5",.*route="\/api\/logs".*\} [1-9]/m);
    expect(text).toMatch(/^activity_query_read_seconds_count\{.*operation="logs\.page".*\} [1-9]/m);
    expect(text).toMatch(/^activity_query_examined_per_returned\{.*operation="logs\.page".*\} [0-9.]+/m);
    expect(text).toMatch(/^activity_query_collection_scans_total\{.*operation="logs\.page".*\} [1-9]/m);
    expect(text).toMatch(/^activity_query_mongodb_connections\{.*pool="reads".*\} [1-9]/m);
    expect(text).toMatch(/^activity_query_mongodb_checkout_seconds_count\{.*pool="reads".*\} [1-9]/m);
    expect(text).toMatch(/^activity_query_mongodb_command_seconds_count\{.*pool="reads".*\} [1-9]/m);
    expect(text).not.toContain('secret-user');
  });
});

describe('a MongoDB that goes away', () => {
  let mongo: LocalServer;
  let client: MongoClient;
  let service: QueryProcess;

  beforeEach(async () => {
    mongo = await startMongo();
    client = await new MongoClient(mongo.address).connect();
    await client.db().createCollection('logs');
    service = await startQuery({ MONGODB_URI: mongo.address, READ_TIMEOUT_MS: '2000', LOG_LEVEL: 'fatal' });
  });

  afterEach(async () => {
    await service?.stop();
    await client?.close();
    await mongo?.stop();
  });

  test('every read is 503 with Retry-After, the process lives, and a reader of the tail misses nothing', async () => {
    const reader = readEvents(`${service.url}/api/logs/tail`);
    await vi.waitFor(() => expect(reader.lastId()).not.toBe(''), { timeout: 10_000 });
    const logs = client.db().collection('logs');
    await logs.insertOne(logOf(1));
    await vi.waitFor(() => expect(reader.events).toHaveLength(1), { timeout: 5_000 });
    await mongo.kill();
    const paths = [
      '/api/logs',
      '/api/logs/x',
      '/api/logs/export',
      '/api/logs/x?wait=1s',
      '/api/users/u/activity',
    ];
    paths.push(
      '/api/users/u/timeline',
      '/api/stats/overview',
      '/api/stats/top-users',
      '/api/events/x/trace?userId=u',
    );
    await Promise.all(
      paths.map(async (path) => {
        const response = await fetch(`${service.url}${path}`);
        expect([path, response.status, response.headers.get('retry-after')]).toEqual([path, 503, '1']);
      }),
    );
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/^activity_query_read_failures_total\{.*operation="logs\.page".*\} [1-9]/m);
    await mongo.restart();
    await vi.waitFor(async () => logs.insertOne(logOf(2)), { timeout: 20_000, interval: 200 });
    await vi.waitFor(() => expect(reader.events).toHaveLength(2), { timeout: 20_000 });
    await reader.stop();
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  }, 90_000);
});
