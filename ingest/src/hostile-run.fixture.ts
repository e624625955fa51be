// Throwing hostile requests at an edge, and watching that it stands.
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { RunningEdge } from './edge.fixture.ts';
import { hostileRequest } from './hostile-requests.fixture.ts';

/** Sends bytes as they are and reads until the edge closes, has answered, or has been silent for a while. */
export async function sendRaw(port: number, bytes: Buffer, patienceMs = 1_000): Promise<string> {
  const socket = connect(port, '127.0.0.1');
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

/** The status of an answer in bytes; 0 where there is none. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

/**
 * Sends `count` hostile requests. Fails where one is answered with 5xx, the process ends, or its memory grows
 * by more than 100 MB after the first quarter. The seed is printed.
 */
export async function throwHostileRequests(edge: RunningEdge, count: number): Promise<Map<number, number>> {
  const atOnce = 100;
  const seed = Date.now() % 2 ** 31;
  console.log(`hostile requests with seed ${seed}`);
  const seen = new Map<number, number>();
  let settledMemory = 0;
  for (let at = 0; at < count; at += atOnce) {
    const requests = fc.sample(hostileRequest, { numRuns: Math.min(atOnce, count - at), seed: seed + at });
    await Promise.all(
      requests.map(async (bytes) => {
        const answer = await sendRaw(edge.port, bytes, 2_000);
        const status = statusOf(answer);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        expect(status, `${bytes.toString('latin1').slice(0, 2_000)}\n=> ${answer}`).toBeLessThan(500);
      }),
    );
    if (at >= count / 4 && settledMemory === 0) settledMemory = await edge.memory();
  }
  expect(edge.process.exitCode).toBeNull();
  await edge.healthy();
  expect(await edge.memory()).toBeLessThan(settledMemory + 100_000_000);
  return seen;
}
