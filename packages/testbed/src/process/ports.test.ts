// Which ports are taken.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort, isPortTaken, loopback } from './ports.ts';

test('a free port is free until someone listens on it', async () => {
  const port = await freePort();
  expect(await isPortTaken(port)).toBe(false);
  const server = createServer().listen(port, loopback);
  await once(server, 'listening');
  expect(await isPortTaken(port)).toBe(true);
  server.close();
});

test('no port is given twice', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
  expect(new Set(ports).size).toBe(200);
});
