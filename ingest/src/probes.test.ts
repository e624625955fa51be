// The life of the services' processes, without broker or database: their probes, and their end while clients
// hold on to them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@activity/testbed';
import { afterEach, assert, expect, test, vi } from 'vitest';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

/** The status on a connection of its own; 0 where it is closed. */
async function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).once('error', () => resolve(0));
  });
}

async function idle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  undo.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test.each(['ingest', 'query'])(
  '%s: probes are served while idle clients hold every connection',
  async (service) => {
    const [port, probes, nobody] = [await freePort(), await freePort(), await freePort()];
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '..', '..', service, 'src', 'main.ts')],
      {
        env: {
          ...process.env,
          PORT: String(port),
          PROBE_PORT: String(probes),
          MAX_CONNECTIONS: '5',
          KAFKA_BROKERS: `127.0.0.1:${nobody}`,
          MONGODB_URI: `mongodb://127.0.0.1:${nobody}/none`,
          LOG_LEVEL: 'silent',
        },
        stdio: 'inherit',
      },
    );
    undo.push(() => child.kill('SIGKILL'));
    await vi.waitFor(async () => assert.equal(await statusOf(port, '/livez'), 200), { timeout: 30_000 });
    for (let count = 0; count < 8; count++) await idle(port);
    expect(await statusOf(port, '/livez')).toBe(0);
    expect(await statusOf(probes, '/livez')).toBe(200);
    // Neither broker nor database.
    expect(await statusOf(probes, '/readyz')).toBe(503);
    expect(await statusOf(probes, '/metrics')).toBe(200);
    // Events and reads are the public port's.
    expect(await statusOf(probes, '/api/logs')).toBe(404);
  },
);

test('ingest: with a tail and a body that never end, SIGTERM ends it at once, with 0', async () => {
  const upstream = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('id: 1\n\n');
  });
  const [port, queryPort, nobody] = [await freePort(), await freePort(), await freePort()];
  upstream.listen(queryPort, '127.0.0.1');
  undo.push(
    () => upstream.closeAllConnections(),
    () => upstream.close(),
  );
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      ...process.env,
      PORT: String(port),
      KAFKA_BROKERS: `127.0.0.1:${nobody}`,
      QUERY_URL: `http://127.0.0.1:${queryPort}`,
      ACK_DEADLINE_MS: '1000',
      LOG_LEVEL: 'silent',
    },
    stdio: 'inherit',
  });
  undo.push(() => child.kill('SIGKILL'));
  await vi.waitFor(async () => assert.equal(await statusOf(port, '/livez'), 200), { timeout: 30_000 });
  const tail = await fetch(`http://127.0.0.1:${port}/api/logs/tail`);
  const slow = await idle(port);
  slow.write('POST /api/logs HTTP/1.1\r\nhost: edge\r\ncontent-length: 100\r\n\r\n{');
  const started = performance.now();
  child.kill('SIGTERM');
  // In order: a reader of events comes back with the last id.
  expect(await tail.text()).toContain('id: 1');
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(performance.now() - started).toBeLessThan(6_000);
});
