// What clients that read slowly, or not at all, cost the query service:
// the resident memory of a real process.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient, type Document } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrate } from '@activity/connect/migrate';
import { logOf } from './testing/heavy-queries.ts';
import { startQuery, type QueryProcess } from './testing/query-process.ts';
import { residentMib } from '@activity/testbed/testing/resident';
import { servers } from '@activity/testbed/testing';

const mib = 1_048_576;
const count = 2_000;
const text = 'x'.repeat(27_000);
let client: MongoClient;
let service: QueryProcess;
let before: number;
const sockets: Socket[] = [];

const newLog = (id: number): Document => logOf(id, { metadata: { text } }, Date.now());
const resident = (): number => residentMib(service.process.pid);

/** Asks for a path and reads nothing of the answer; its status, where one came. */
function askOnly(path: string): { socket: Socket; status: Promise<number | undefined> } {
  const socket = connect(service.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  const status = new Promise<number | undefined>((resolve) => {
    socket.once('data', (bytes: Buffer) => {
      socket.pause();
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1'))?.[1]));
    });
    socket.once('close', () => resolve(undefined));
  });
  return { socket, status };
}

/** The most that the service grows while something lasts, in MiB. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  let most = resident();
  const looking = setInterval(() => (most = Math.max(most, resident())), 50);
  await work().finally(() => clearInterval(looking));
  return Math.round(Math.max(most, resident()) - before);
}

beforeAll(async () => {
  const uri = new URL(servers().mongodb);
  uri.pathname = '/query-memory';
  client = await new MongoClient(uri.href).connect();
  const logs = client.db().collection('logs');
  await migrate(client.db(), {
    markerTtlSeconds: 3_600,
    windowTtlDays: { minute: 2, hour: 90, day: 730 },
  });
  for (let from = 0; from < count; from += 500) {
    await logs.insertMany(Array.from({ length: 500 }, (_, index) => newLog(from + index)));
  }
  // As in a container of 256 MiB.
  const NODE_OPTIONS = '--max-old-space-size=160 --max-semi-space-size=8';
  service = await startQuery({
    MONGODB_URI: uri.href,
    LOG_LEVEL: 'fatal',
    EXPLAIN_EVERY_MS: '0',
    NODE_OPTIONS,
  });
  // What is done once, and how large the heap usually is.
  for (let round = 0; round < 30; round++)
    await (await fetch(`${service.url}/api/logs?limit=100`)).arrayBuffer();
  await (await fetch(`${service.url}/api/logs/export?limit=2000`)).arrayBuffer();
});

beforeEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await sleep(500);
  before = resident();
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await service?.stop();
  await client?.db().dropDatabase();
  await client?.close();
});

test('500 HEADs of the export and the tail cost nothing', async () => {
  const grown = await growth(async () => {
    for (let round = 0; round < 50; round++) {
      const paths = ['/api/logs/export', '/api/logs/tail', '/api/logs/export?format=csv'];
      await Promise.all(
        [...paths, ...paths].map(async (path) => {
          const { status } = await fetch(`${service.url}${path}`, { method: 'HEAD' });
          expect(status).toBe(200);
        }),
      );
    }
  });
  expect(grown).toBeLessThan(20);
});

test('2,000 waits for logs that never come leave nothing behind', async () => {
  const wait = async (id: number): Promise<unknown> =>
    (await fetch(`${service.url}/api/logs/never-${id}?wait=50ms`)).arrayBuffer();
  for (let from = 0; from < 500; from += 100)
    await Promise.all(Array.from({ length: 100 }, async (_, index) => wait(from + index)));
  before = resident();
  for (let from = 0; from < 2_000; from += 100)
    await Promise.all(Array.from({ length: 100 }, async (_, index) => wait(from + index)));
  expect(Math.round(resident() - before)).toBeLessThan(20);
});

test('exports that nobody reads cost a constant, more than the limit are refused, and none is left when they go', async () => {
  const grown = await growth(async () => {
    const asked = Array.from({ length: 20 }, () => askOnly('/api/logs/export'));
    const statuses = await Promise.all(asked.map(({ status }) => status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect(statuses.filter((status) => status === 503)).toHaveLength(4);
    await sleep(1_500);
  });
  console.log(`Unread exports: ${grown} MiB.`);
  expect(grown).toBeLessThan(64);
  for (const socket of sockets.splice(0)) socket.destroy();
  await expect.poll(async () => askOnly('/api/logs/export').status, { timeout: 5_000 }).toBe(200);
});

test('pages that nobody reads cost a constant; small ones are served beside them', async () => {
  const grown = await growth(async () => {
    const asked = Array.from({ length: 100 }, () => askOnly('/api/logs?limit=100'));
    const statuses = await Promise.all(asked.map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    await sleep(1_000);
    expect((await fetch(`${service.url}/api/stats/overview`)).status).toBe(200);
  });
  console.log(`Unread pages: ${grown} MiB.`);
  expect(grown).toBeLessThan(64);
  for (const socket of sockets.splice(0)) socket.destroy();
  await expect
    .poll(async () => (await fetch(`${service.url}/api/logs?limit=100`)).status, { timeout: 5_000 })
    .toBe(200);
});

test('tails that nobody reads cost a constant', async () => {
  const grown = await growth(async () => {
    const asked = Array.from({ length: 150 }, () => askOnly('/api/logs/tail'));
    await Promise.all(asked.map(({ status }) => status));
    const logs = client.db().collection('logs');
    for (let from = 10_000; from < 10_400; from += 20) {
      await logs.insertMany(Array.from({ length: 20 }, (_, index) => newLog(from + index)));
    }
    await sleep(1_500);
  });
  console.log(`Unread tails: ${grown} MiB.`);
  expect(grown).toBeLessThan(64);
});

test('150 deep pages at once starve nobody', async () => {
  const deep = Array.from({ length: 150 }, async (_, index) => {
    const response = await fetch(`${service.url}/api/logs?limit=1&page=${1_100 + index}`);
    await response.arrayBuffer();
    return response.status;
  });
  for (let round = 0; round < 20; round++) {
    for (const path of ['/api/logs?limit=1', '/api/stats/overview', '/api/logs/e1?userId=u']) {
      const response = await fetch(`${service.url}${path}`);
      await response.arrayBuffer();
      expect([path, response.status]).toEqual([path, 200]);
    }
  }
  const statuses = await Promise.all(deep);
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20);
});

test('a client that takes nothing is cut off', async () => {
  const { socket, status } = askOnly('/api/logs/export');
  expect(await status).toBe(200);
  const started = performance.now();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  // Node looks each 30 s whether the client has taken something since it looked last.
  await sleep(65_000);
  socket.resume();
  await closed;
  expect(socket.bytesRead).toBeLessThan(20 * mib);
  expect(performance.now() - started).toBeGreaterThan(30_000);
}, 120_000);
