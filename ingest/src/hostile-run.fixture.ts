// Throwing hostile requests at an edge, and watching that it stands.
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { Kafka, logLevel } from 'kafkajs';
import { expect, vi } from 'vitest';
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

interface Acknowledgement {
  eventId?: string;
  results?: { status: number; eventId: string }[];
}

/** The ids of the events that an answer says were written. */
function acknowledgedIn(answer: string): string[] {
  const status = statusOf(answer);
  if (status !== 201 && status !== 207) return [];
  const body = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1').toString('utf8');
  const { eventId, results = [] } = JSON.parse(body) as Acknowledgement;
  const written = results.filter((one) => one.status === 201).map((one) => one.eventId);
  return eventId === undefined ? written : [eventId, ...written];
}

/** The ids of all events that a topic has. */
async function eventIdsIn({ broker, topic }: WrittenTopic): Promise<Set<string>> {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const [admin, consumer] = [kafka.admin(), kafka.consumer({ groupId: `hostile-${Date.now()}` })];
  await Promise.all([admin.connect(), consumer.connect()]);
  const ends = await admin.fetchTopicOffsets(topic);
  let left = ends.reduce((sum, { high }) => sum + Number(high), 0);
  const ids = new Set<string>();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      left--;
      ids.add((JSON.parse(String(message.value)) as { eventId: string }).eventId);
    },
  });
  await vi.waitFor(() => expect(left).toBe(0), { timeout: 120_000, interval: 100 });
  await Promise.all([admin.disconnect(), consumer.disconnect()]);
  return ids;
}

/** The topic that an edge writes to; nothing else does. */
export interface WrittenTopic {
  broker: string;
  topic: string;
}

/**
 * Sends `count` hostile requests. Fails where one is answered with 5xx, the process ends, its memory grows by
 * more than 100 MB after the first quarter, or an event that was acknowledged is not in the topic. The seed
 * is printed.
 */
export async function throwHostileRequests(
  edge: RunningEdge,
  written: WrittenTopic,
  count: number,
): Promise<Map<number, number>> {
  const atOnce = 100;
  const acknowledged: string[] = [];
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
        acknowledged.push(...acknowledgedIn(answer));
        expect(status, `${bytes.toString('latin1').slice(0, 2_000)}\n=> ${answer}`).toBeLessThan(500);
      }),
    );
    if (at >= count / 4 && settledMemory === 0) settledMemory = await edge.memory();
  }
  expect(edge.process.exitCode).toBeNull();
  await edge.healthy();
  expect(await edge.memory()).toBeLessThan(settledMemory + 100_000_000);
  const ids = await eventIdsIn(written);
  expect(acknowledged.filter((eventId) => !ids.has(eventId))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(count / 100);
  return seen;
}
