// What hostile input costs a real process: its resident memory while the input lasts and after it, without a
// broker.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { residentMib } from '@activity/testbed/testing/resident';
import { freePort } from '@activity/testbed';
import { afterAll, assert, beforeAll, expect, test, vi } from 'vitest';

const sockets: Socket[] = [];
let edge: ChildProcess;
let port: number;

const resident = (): number => residentMib(edge.pid);

async function post(path: string, body: Buffer, headers: Record<string, string> = {}): Promise<number> {
  const url = `http://127.0.0.1:${port}${path}`;
  const sent = Uint8Array.from(body);
  const response = await fetch(url, { method: 'POST', body: sent, headers });
  await response.arrayBuffer();
  return response.status;
}

/** Runs an input and returns by how much memory grew at the most. */
async function growth(input: () => Promise<unknown>): Promise<number> {
  const before = resident();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, resident())), 20);
  await input();
  clearInterval(watch);
  return Math.max(most, resident()) - before;
}

async function repeat(
  times: number,
  atOnce: number,
  run: (index: number) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < times; at += atOnce)
    await Promise.all(
      Array.from({ length: Math.min(atOnce, times - at) }, async (_, index) => run(at + index)),
    );
}

/** 120 batches at once, of 1,000 events of `bytes` bytes, to an edge whose broker is away. */
async function waitForBroker(bytes: number): Promise<number[]> {
  const events = Array.from({ length: 1_000 }, (_, index) => ({
    userId: `u${index}`,
    activityType: 'LOGIN',
    metadata: { text: 'x'.repeat(bytes - 60) },
  }));
  const body = Buffer.from(JSON.stringify(events));
  return Promise.all(Array.from({ length: 120 }, async () => post('/api/logs/batch', body)));
}

const gzip = { 'content-encoding': 'gzip' };

beforeAll(async () => {
  port = await freePort();
  const nobody = await freePort();
  const main = join(import.meta.dirname, 'main.ts');
  edge = spawn(process.execPath, ['--max-old-space-size=256', '--max-semi-space-size=16', main], {
    env: { ...process.env, PORT: String(port), KAFKA_BROKERS: `127.0.0.1:${nobody}`, LOG_LEVEL: 'silent' },
    stdio: 'inherit',
  });
  await vi.waitFor(async () => assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200), {
    timeout: 60_000,
  });
  // What it loads with its first requests is not the input's.
  await repeat(500, 50, async () => post('/api/logs', gzipSync('{"userId":1}'), gzip));
  await repeat(100, 5, async () => post('/api/logs/batch', Buffer.from('[{}]')));
}, 120_000);

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  edge?.kill('SIGKILL');
});

test.runIf(process.platform === 'linux').each<[string, () => Promise<unknown>]>([
  [
    'long names of fields whose events are refused',
    async () =>
      repeat(300, 10, async (index) => {
        const name = String(index).padEnd(32_000, 'x');
        return post(
          '/api/logs',
          gzipSync(`{"userId":"u","activityType":"NONE","metadata":{"${name}":1}}`),
          gzip,
        );
      }),
  ],
  [
    'kilobytes that become megabytes of values',
    async () => {
      const packed = gzipSync(`[[${Array<string>(500_000).fill('1').join(',')}]]`);
      return repeat(200, 40, async () => post('/api/logs/batch', packed, gzip));
    },
  ],
  [
    '120 batches of small events that wait for a broker',
    async () => {
      const statuses = await waitForBroker(100);
      expect(statuses.filter((status) => status === 503)).toHaveLength(120);
    },
  ],
  ['120 batches of large events that wait for a broker', async () => waitForBroker(1_000)],
  [
    'bodies that never end',
    async () => {
      const head = 'POST /api/logs/batch HTTP/1.1\r\nhost: edge\r\ncontent-length: 1048576\r\n\r\n';
      const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(1_000_000, ' ')]);
      for (let count = 0; count < 150; count++) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        sockets.push(socket);
        socket.write(bytes);
      }
      await sleep(2_000);
      for (const socket of sockets.splice(0)) socket.destroy();
    },
  ],
])('%s cost at most 64 MiB', async (_what, input) => {
  const grown = await growth(input);
  expect(grown).toBeLessThan(64);
  expect(edge.exitCode).toBeNull();
});
