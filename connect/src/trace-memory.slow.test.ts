// What many traces at once cost the supervisor: the resident memory of a real process that searches
// a long backlog.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { topicEnvironment, topicSpecs, topicsNamed, topicsOf } from '@activity/contracts';
import { freePort } from '@activity/testbed';
import { residentMib } from '@activity/testbed/testing/resident';
import { servers } from '@activity/testbed/testing';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, assert, beforeAll, expect, test, vi } from 'vitest';

const names = topicEnvironment(topicsNamed('trace-memory'));
const count = 40_000;
let supervisor: ChildProcess;
let url: string;

const resident = (): number => residentMib(supervisor.pid);

function trace(eventId: string): Promise<Response> {
  return fetch(`${url}/event?userId=u&eventId=${eventId}`);
}

beforeAll(async () => {
  const { kafka: broker, connect, mongodb } = servers();
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: topicSpecs(topicsOf(names)).map(({ name: topic }) => ({ topic, numPartitions: 1 })),
  });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const text = 'x'.repeat(2_000);
  for (let sent = 0; sent < count; sent += 400) {
    const messages = Array.from({ length: 400 }, (_, i) => ({
      key: 'u',
      value: JSON.stringify({ userId: 'u', eventId: `e${sent + i}`, metadata: { text } }),
    }));
    await producer.send({ topic: names.KAFKA_TOPIC, messages });
  }
  await producer.disconnect();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const uri = new URL(mongodb);
  uri.pathname = '/trace-memory';
  supervisor = spawn(
    process.execPath,
    ['--max-old-space-size=160', '--max-semi-space-size=4', join(import.meta.dirname, 'main.ts')],
    {
      env: {
        ...process.env,
        ...names,
        CONNECTOR_PREFIX: 'trace-memory',
        CONNECT_URL: connect,
        KAFKA_BROKERS: broker,
        MONGODB_URI: uri.href,
        METRICS_PORT: String(port),
        LOG_LEVEL: 'fatal',
      },
      stdio: 'inherit',
    },
  );
  await vi.waitFor(async () => assert.equal((await trace('e1')).status, 200), {
    timeout: 60_000,
    interval: 200,
  });
}, 180_000);

afterAll(() => {
  supervisor?.kill('SIGKILL');
});

test('20 traces at once: at most 64 MiB more, and 24 MiB after them', async () => {
  // What it loads with its first search, and how large its heap usually is.
  for (let round = 0; round < 5; round++) await (await trace('e2')).json();
  await sleep(2_000);
  const before = resident();
  let most = before;
  const looking = setInterval(() => (most = Math.max(most, resident())), 20);
  const statuses: number[] = [];
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const answer = await trace(`e${round * 20 + i}`);
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    statuses.push(...answers);
  }
  clearInterval(looking);
  await sleep(10_000);
  const after = resident();
  console.log(
    `20 traces at once: ${Math.round(most - before)} MiB, ${Math.round(after - before)} MiB after them`,
  );
  // Those that would wait too long are refused, and those that are not find what is there.
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect(most - before).toBeLessThan(64);
  expect(after - before).toBeLessThan(24);
}, 180_000);
