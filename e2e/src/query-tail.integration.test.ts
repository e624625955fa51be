// The live tail of the query service: restarts, filters, slow readers, ids that are no places.
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Long, MongoClient, type Collection, type Document } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readEvents, type EventReader } from './testing/event-source.ts';
import { startQuery, type QueryProcess } from './testing/query-process.ts';
import { servers } from '@activity/testbed/testing';

let client: MongoClient;
let logs: Collection;
let service: QueryProcess;
let env: Record<string, string>;
let next = 1;

beforeAll(async () => {
  const uri = new URL(servers().mongodb);
  uri.pathname = '/tail';
  env = { MONGODB_URI: uri.href, LOG_LEVEL: 'warn', MAX_TAILS: '20' };
  client = await new MongoClient(uri.href).connect();
  logs = client.db().collection('logs');
  await client.db().createCollection('logs');
  service = await startQuery(env);
});

afterAll(async () => {
  await service?.stop();
  await client?.db().dropDatabase();
  await client?.close();
});

/** Stores a log as the sink does: replace with upsert. */
async function store(fields: Document = {}): Promise<number> {
  const id = next++;
  const _id = Long.fromNumber(id);
  const now = new Date();
  const log = {
    _id,
    eventId: `e${id}`,
    userId: `u${id % 5}`,
    activityType: 'LOGIN',
    metadata: {},
    timestamp: now,
    receivedAt: now,
    createdAt: now,
    ...fields,
  };
  await logs.replaceOne({ _id }, log, { upsert: true });
  return id;
}

function idsOf(reader: EventReader): number[] {
  return reader.events.map(({ data }) => (JSON.parse(data) as { _id: number })._id);
}

async function connected(reader: EventReader): Promise<void> {
  await vi.waitFor(() => expect(reader.lastId()).not.toBe(''), { timeout: 10_000 });
}

test('a reader that comes back misses nothing and gets nothing twice, through three restarts', async () => {
  const reader = readEvents(`${service.url}/api/logs/tail`);
  await connected(reader);
  const stored: number[] = [];
  const ends: unknown[] = [];
  const writing = new AbortController();
  const writer = (async () => {
    while (!writing.signal.aborted) {
      stored.push(await store());
      await sleep(3);
    }
  })();
  for (const [before, signal] of (['SIGTERM', 'SIGKILL', 'SIGTERM'] as const).entries()) {
    await vi.waitFor(() => expect(reader.connections()).toBeGreaterThan(before), { timeout: 30_000 });
    await sleep(700);
    service.process.kill(signal);
    await vi.waitFor(() => expect(service.process.exitCode ?? service.process.signalCode).not.toBeNull(), {
      timeout: 15_000,
    });
    ends.push(service.process.exitCode ?? service.process.signalCode);
    // Stored while nobody reads.
    await sleep(200);
    service = await startQuery(env, service.port);
  }
  await sleep(700);
  writing.abort();
  await writer;
  await vi.waitFor(() => expect(reader.events.length).toBeGreaterThanOrEqual(stored.length), {
    timeout: 10_000,
  });
  await reader.stop();
  expect(reader.connections()).toBeGreaterThanOrEqual(4);
  expect(stored.length).toBeGreaterThan(300);
  expect(idsOf(reader)).toEqual(stored);
  expect(ends).toEqual([0, 'SIGKILL', 0]);
});

test('a reader that saw nothing before the restart comes back to where it was', async () => {
  const reader = readEvents(`${service.url}/api/logs/tail?userId=quiet`);
  await connected(reader);
  await service.stop();
  const id = await store({ userId: 'quiet' });
  service = await startQuery(env, service.port);
  await vi.waitFor(() => expect(idsOf(reader)).toEqual([id]), { timeout: 10_000 });
  await reader.stop();
});

test('gives what the filters let through, and neither repeats nor markers', async () => {
  const reader = readEvents(`${service.url}/api/logs/tail?userId=me&activityType=ERROR,LOGOUT&bot=false`);
  await connected(reader);
  await store({ userId: 'me' });
  await store({ userId: 'other', activityType: 'ERROR' });
  await store({ userId: 'me', activityType: 'ERROR', bot: true });
  const wanted = await store({ userId: 'me', activityType: 'ERROR' });
  const _id = Long.fromNumber(wanted);
  const again = await logs.findOne({ _id } as Document);
  await logs.replaceOne({ _id }, again as Document);
  await logs.replaceOne({ _id }, { deletedAt: new Date(), by: Long.fromNumber(9) });
  await logs.replaceOne({ _id: Long.fromNumber(next++) }, { deletedAt: new Date() }, { upsert: true });
  const last = await store({ userId: 'me', activityType: 'LOGOUT' });
  await vi.waitFor(() => expect(idsOf(reader)).toContain(last), { timeout: 5_000 });
  await reader.stop();
  expect(idsOf(reader)).toEqual([wanted, last]);
  expect(reader.events.every(({ event, id }) => event === 'log' && id.length > 16)).toBe(true);
});

test('a reader that comes back gets nothing that was deleted or erased since', async () => {
  const before = readEvents(`${service.url}/api/logs/tail?userId=gone`);
  await connected(before);
  const place = before.lastId();
  await before.stop();
  const ids: number[] = [];
  for (let index = 0; index < 700; index++) ids.push(await store({ userId: 'gone' }));
  await logs.deleteMany({ _id: { $in: ids.slice(0, 300).map((id) => Long.fromNumber(id)) } } as Document);
  for (const id of ids.slice(300, 320))
    await logs.replaceOne({ _id: Long.fromNumber(id) }, { deletedAt: new Date(), by: Long.fromNumber(9) });
  const back = readEvents(`${service.url}/api/logs/tail?userId=gone`, place);
  await vi.waitFor(() => expect(idsOf(back)).toContain(ids.at(-1)), { timeout: 20_000 });
  await back.stop();
  expect(idsOf(back)).toEqual(ids.slice(320));
}, 60_000);

/** Expects that the service cuts the connection of a stream. */
async function expectCut(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  const reading = (async () => {
    while (!(await reader?.read())?.done);
  })();
  await expect(reading).rejects.toThrow('terminated');
}

test('open tails and exports end when their key is revoked, or their session is signed out of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'activity-tail-keys-'));
  const file = join(folder, 'keys.json');
  const key = `act_0123456789ab_${'k'.repeat(43)}`;
  const entry = {
    id: '0123456789ab',
    name: 'reader',
    scopes: ['read'],
    hash: hash('sha256', key),
    createdAt: new Date().toISOString(),
  };
  writeFileSync(file, JSON.stringify({ keys: [entry] }));
  const locked = await startQuery({ ...env, API_KEYS_FILE: file });
  try {
    const big = 'x'.repeat(20_000);
    for (let index = 0; index < 2_000; index++) await store({ metadata: { text: big } });
    // Packed, the export would be small enough to end at once.
    const headers = { authorization: `Bearer ${key}`, 'accept-encoding': 'identity' };
    const open = await Promise.all(
      ['tail', 'export'].map(async (name) => fetch(`${locked.url}/api/logs/${name}`, { headers })),
    );
    expect(open.map(({ status }) => status)).toEqual([200, 200]);
    const json = { 'content-type': 'application/json' };
    const signIn = { method: 'POST', headers: json, body: JSON.stringify({ key }) };
    const [cookie = ''] = (await fetch(`${locked.url}/api/session`, signIn)).headers.getSetCookie();
    const session = { headers: { cookie: cookie.split(';', 1)[0] ?? '' } };
    const tailOfSession = await fetch(`${locked.url}/api/logs/tail`, session);
    expect(tailOfSession.status).toBe(200);
    const readers = [...open, tailOfSession].map((response) => response.body?.getReader());
    for (const reader of readers) await reader?.read();
    expect((await fetch(`${locked.url}/api/session`, { method: 'DELETE', ...session })).status).toBe(200);
    await expectCut(readers.pop());
    writeFileSync(file, JSON.stringify({ keys: [{ ...entry, revokedAt: new Date().toISOString() }] }));
    const revoked = performance.now();
    await sleep(3_000);
    for (const reader of readers) await expectCut(reader);
    expect(performance.now() - revoked).toBeLessThan(10_000);
  } finally {
    await locked.stop();
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('a reader that takes nothing is let go, and the others are not kept waiting', async () => {
  const url = `${service.url}/api/logs/tail?userId=loud`;
  const stuck = connect(service.port, '127.0.0.1');
  stuck.write('GET /api/logs/tail?userId=loud HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((resolve) => stuck.once('data', resolve));
  stuck.pause();
  const good = readEvents(url);
  await connected(good);
  const text = 'x'.repeat(50_000);
  const ids: number[] = [];
  for (let index = 0; index < 300; index++) ids.push(await store({ userId: 'loud', metadata: { text } }));
  await vi.waitFor(() => expect(idsOf(good)).toEqual(ids), { timeout: 20_000 });
  const dropped = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
  await vi.waitFor(
    async () => expect(await dropped()).toMatch(/activity_query_tails_dropped_total\{.*slow.*\} 1/),
    {
      timeout: 5_000,
    },
  );
  // The rest of what was on its way, the reason, the end.
  let tail = '';
  stuck.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString('latin1')).slice(-2_000)));
  stuck.resume();
  await vi.waitFor(() => expect(tail).toContain('event: slow'), { timeout: 8_000 });
  stuck.destroy();
  await good.stop();
}, 90_000);

test.each([
  ['nonsense', 400],
  ['8200000000000000', 410],
  ['FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF', 410],
])('the id %s is refused with %i', async (id, status) => {
  const response = await fetch(`${service.url}/api/logs/tail`, { headers: { 'last-event-id': id } });
  expect(response.status).toBe(status);
  await response.body?.cancel();
});

async function nobodyReads(): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/^activity_query_tails\{.*\} 0$/m),
    { timeout: 10_000 },
  );
}

test('more readers than there may be get 503, until one goes', async () => {
  await nobodyReads();
  const abort = new AbortController();
  const open = async (signal?: AbortSignal): Promise<Response> =>
    fetch(`${service.url}/api/logs/tail`, signal ? { signal } : {});
  const held = await Promise.all(Array.from({ length: 20 }, async () => open(abort.signal)));
  expect(held.map(({ status }) => status)).toEqual(held.map(() => 200));
  const refused = await open();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  abort.abort();
  await vi.waitFor(
    async () => {
      const again = await open();
      await again.body?.cancel();
      expect(again.status).toBe(200);
    },
    { timeout: 5_000 },
  );
});

test('when the service ends, exports are cut off, tails get their end and waits an answer; none keeps it', async () => {
  const text = 'x'.repeat(20_000);
  for (let index = 0; index < 2_000; index++) await store({ metadata: { text } });
  const exports = await Promise.all(
    ['ndjson', 'csv'].map(async (format) => fetch(`${service.url}/api/logs/export?format=${format}`)),
  );
  const readers = exports.map(({ body }) => body?.getReader());
  for (const reader of readers) await reader?.read();
  const tail = await fetch(`${service.url}/api/logs/tail`);
  const tailed = tail.body?.getReader();
  await tailed?.read();
  const waiting = fetch(`${service.url}/api/logs/never?wait=10s`);
  await sleep(300);
  const started = performance.now();
  const stopped = service.stop();
  const reading = readers.map(async (reader) => {
    await sleep(300);
    while (!(await reader?.read())?.done);
  });
  const cut = { status: 'rejected', reason: expect.objectContaining({ message: 'terminated' }) };
  expect(await Promise.allSettled(reading)).toEqual([cut, cut]);
  while (!(await tailed?.read())?.done);
  expect((await waiting).status).toBe(404);
  expect(await stopped).toBe(0);
  expect(performance.now() - started).toBeLessThan(8_000);
  service = await startQuery(env, service.port);
});

test('HEAD opens nothing', async () => {
  for (let index = 0; index < 30; index++) {
    expect((await fetch(`${service.url}/api/logs/tail`, { method: 'HEAD' })).status).toBe(200);
  }
  await nobodyReads();
});
