// The probe ports of the two services that clients reach: a client that fills the public port does not reach the probes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@activity/local';
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
