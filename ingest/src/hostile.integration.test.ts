import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTopic, startEdge } from './edge.fixture.ts';
import type { RunningEdge } from './edge.fixture.ts';
import { sendRaw, statusOf, throwHostileRequests } from './hostile-run.fixture.ts';

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

describe('hostile clients', () => {
  // 100,000 of them in hostile.slow.test.ts.
  test('malformed requests: no 5xx, no crash, memory flat, and what was acknowledged is written', async () => {
    const seen = await throwHostileRequests(edge, { broker: servers().kafka, topic }, 2_000);
    for (const status of [201, 207, 400, 404, 405, 413, 415])
      expect(seen.get(status) ?? 0).toBeGreaterThan(0);
  }, 120_000);

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
    const answer = await sendRaw(
      edge.port,
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
    const answer = await sendRaw(
      edge.port,
      Buffer.from(
        `POST /api/logs HTTP/1.1\r\nhost: edge\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
      ),
    );
    expect(statusOf(answer)).toBe(201);
  });
});
