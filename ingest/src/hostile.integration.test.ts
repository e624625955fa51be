import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { servers } from '@activity/local/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTopic, startEdge } from './edge.fixture.ts';
import type { RunningEdge } from './edge.fixture.ts';
import { hostileRequest } from './hostile-requests.fixture.ts';

const topic = 'edge-hostile';
const sockets: Socket[] = [];
let edge: RunningEdge;

beforeAll(async () => {
  const { kafka } = servers();
  await createTopic(kafka, topic, 2);
  edge = await startEdge({ KAFKA_BROKERS: kafka, KAFKA_TOPIC: topic, CORS_ORIGINS: 'https://app.example' });
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  edge?.process.kill('SIGKILL');
});

/** Sends bytes as they are and reads until the edge closes, has answered, or has been silent for a while. */
async function raw(bytes: Buffer, patienceMs = 1_000): Promise<string> {
  const socket = connect(edge.port, '127.0.0.1');
  let answer = '';
  socket.setTimeout(patienceMs, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
    if (/\r\n\r\n/.test(answer) && complete(answer)) socket.destroy();
  });
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.write(bytes);
  await closed;
  return answer;
}

function complete(answer: string): boolean {
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
  const length = /content-length: *(\d+)/i.exec(head)?.[1];
  return length === undefined || body.length >= Number(length);
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

describe('hostile clients', () => {
  test('10,000 malformed requests: no 5xx, no crash, memory flat', async () => {
    const requests = 10_000;
    const atOnce = 100;
    const seen = new Map<number, number>();
    const seed = Date.now() % 2 ** 31;
    console.log(`hostile requests with seed ${seed}`);
    const all = fc.sample(hostileRequest, { numRuns: requests, seed });
    let settledMemory = 0;
    for (let at = 0; at < all.length; at += atOnce) {
      await Promise.all(
        all.slice(at, at + atOnce).map(async (bytes) => {
          const answer = await raw(bytes, 2_000);
          const status = statusOf(answer);
          seen.set(status, (seen.get(status) ?? 0) + 1);
          expect(status, `${bytes.toString('latin1').slice(0, 2_000)}\n=> ${answer}`).toBeLessThan(500);
        }),
      );
      if (at >= requests / 4 && settledMemory === 0) settledMemory = await edge.memory();
    }
    expect(edge.process.exitCode).toBeNull();
    await edge.healthy();
    expect(await edge.memory()).toBeLessThan(settledMemory + 100_000_000);
    // The generator reaches what it is meant to reach.
    for (const status of [201, 202, 207, 400, 404, 405, 413, 415])
      expect(seen.get(status) ?? 0).toBeGreaterThan(10);
  }, 300_000);

  test('500 slow connections do not stop others, and are closed', async () => {
    const slow = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        const socket = connect(edge.port, '127.0.0.1');
        sockets.push(socket);
        socket.on('error', () => {});
        socket.resume();
        await once(socket, 'connect');
        // Half of them never end their headers, half never send their body.
        socket.write(
          index % 2 === 0
            ? 'POST /api/logs HTTP/1.1\r\nhost: edge\r\nx-slow: '
            : 'POST /api/logs HTTP/1.1\r\nhost: edge\r\ncontent-length: 100\r\n\r\n{',
        );
        return socket;
      }),
    );
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) =>
        fetch(`${edge.url}/api/logs`, {
          method: 'POST',
          body: JSON.stringify({ userId: `fast-${index}`, activityType: 'LOGIN' }),
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(performance.now() - started).toBeLessThan(5_000);
    // Those without headers are given up after 10 s.
    await Promise.all(
      slow
        .filter((_, index) => index % 2 === 0)
        .map(async (socket) => socket.closed || once(socket, 'close')),
    );
  }, 60_000);

  test('a body that is cut off is not an event, and a client that goes away harms nothing', async () => {
    const answer = await raw(
      Buffer.from(
        'POST /api/logs HTTP/1.1\r\nhost: edge\r\ncontent-length: 60\r\nconnection: close\r\n\r\n{"userId":"cut"',
      ),
      300,
    );
    expect([0, 400, 408]).toContain(statusOf(answer));
    await edge.healthy();
  });

  test('the whole of a body in one byte a chunk is an event', async () => {
    const body = JSON.stringify({ userId: 'chunks', activityType: 'LOGIN' });
    const chunks = body.replaceAll(/./g, '1\r\n$&\r\n');
    const answer = await raw(
      Buffer.from(
        `POST /api/logs HTTP/1.1\r\nhost: edge\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
      ),
    );
    expect(statusOf(answer)).toBe(201);
  });
});
