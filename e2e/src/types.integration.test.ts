// The catalogue on the whole pipeline: what is put at one edge is in force on another one, the processor and
// the query service within a second, without a restart.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultTopics } from '@activity/contracts';
import { projectRoot } from '@activity/testbed/paths';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startService, type ServiceProcess } from './testing/service-process.ts';
import { startStack, type Stack } from './testing/stack.ts';

const name = 'Order Completed – 注文 $1.50';
const path = `/api/types/${encodeURIComponent(name)}`;
const schema = {
  type: 'object',
  required: ['orderId', 'total'],
  properties: { orderId: { type: 'string' }, total: { type: 'number', minimum: 0 } },
  additionalProperties: false,
};
const good = { orderId: 'o-1', total: 9.5 };

let stack: Stack;
let second: ServiceProcess;
let edges: string[];
let broker: string;

beforeAll(async () => {
  stack = await startStack('types');
  broker = `127.0.0.1:${stack.ports.kafka}`;
  second = await startService('ingest', {
    KAFKA_BROKERS: broker,
    QUERY_URL: `http://127.0.0.1:${stack.ports.query}`,
  });
  await second.until(200, 30_000);
  edges = [`http://127.0.0.1:${stack.ports.ingest}`, second.url];
}, 180_000);

afterAll(async () => {
  await second?.stop();
  await stack?.stop();
});

interface Sent {
  status: number;
  body: Record<string, unknown>;
}

async function send(url: string, method: string, body?: unknown): Promise<Sent> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

let posted = 0;

async function post(edge: string, metadata: object, activityType = name): Promise<number> {
  const event = { userId: 'ada', activityType, metadata, eventId: `types-${posted++}` };
  return (await send(`${edge}/api/logs`, 'POST', event)).status;
}

const log = z.looseObject({ activityType: z.string() });

async function stored(query: string): Promise<z.infer<typeof log>[]> {
  const { body } = await send(`${edges[0]}/api/logs?userId=ada&${query}`, 'GET');
  return z.object({ data: z.array(log) }).parse(body).data;
}

/** Waits until all edges return a status for an event. Returns how long that took, in milliseconds. */
async function until(status: number, metadata: object): Promise<number> {
  const began = performance.now();
  for (;;) {
    const found = await Promise.all(edges.map(async (edge) => post(edge, metadata)));
    if (found.every((one) => one === status)) return performance.now() - began;
    if (performance.now() - began > 10_000) throw new Error(`${found.join(', ')}, not ${status}`);
    await sleep(20);
  }
}

test('a type is refused until it is put, and then in force on two edges within a second', async () => {
  expect(await post(edges[1] as string, good)).toBe(400);
  expect((await send(`${edges[0]}${path}`, 'PUT', { schema, owner: 'shop' })).status).toBe(201);
  expect(await until(201, good)).toBeLessThan(1_000);
  expect(await until(422, { orderId: 'o-2' })).toBeLessThan(1_000);
  const asked = performance.now();
  await vi.waitFor(async () => expect((await send(`${edges[0]}${path}`, 'GET')).status).toBe(200), {
    interval: 20,
    timeout: 5_000,
  });
  expect(performance.now() - asked).toBeLessThan(1_000);
});

test('what the edges have taken is stored, none is a dead letter, and counts have the name', async () => {
  await vi.waitFor(async () => expect((await stored('limit=10')).length).toBeGreaterThanOrEqual(2), {
    interval: 200,
    timeout: 60_000,
  });
  const [first] = await stored(`activityType=${encodeURIComponent(name)}`);
  expect(first).toMatchObject({ activityType: name, typeVersion: 1, metadata: good });
  await vi.waitFor(
    async () => {
      const { body } = await send(`${edges[0]}/api/users/ada/activity`, 'GET');
      expect(Object.keys(body['byType'] as object)).toEqual([name]);
    },
    { interval: 200, timeout: 60_000 },
  );
});

test('in the mode warn what the schema refuses is stored, marked and counted; in off nothing is looked at', async () => {
  await send(`${edges[0]}${path}`, 'PUT', { mode: 'warn' });
  await until(201, { orderId: 'warned' });
  await vi.waitFor(
    async () => {
      const { body } = await send(`${edges[0]}${path}`, 'GET');
      expect(body).toMatchObject({ mode: 'warn', violations: expect.any(Number) as number });
      expect(body['violations']).toBeGreaterThanOrEqual(2);
      expect(body['lastSeen']).not.toBeNull();
      expect(body['last24h']).toBeGreaterThanOrEqual(4);
    },
    { interval: 500, timeout: 60_000 },
  );
  const marked = (await stored('limit=50')).find((one) => 'violations' in one);
  expect(marked?.['violations']).toEqual(['metadata.total: is missing']);
  await send(`${edges[0]}${path}`, 'PUT', { mode: 'off' });
  await until(201, { anything: 1 });
});

test('changes at two edges at once lose none, and one that is incompatible is refused with its reason', async () => {
  const before = (await send(`${edges[0]}${path}`, 'GET')).body['revision'] as number;
  const puts = Array.from({ length: 10 }, async (_, i) =>
    send(`${edges[i % 2]}${path}`, 'PUT', { description: `change ${i}` }),
  );
  expect((await Promise.all(puts)).map(({ status }) => status)).toEqual(
    Array.from({ length: 10 }, () => 200),
  );
  const narrower = { ...schema, required: ['orderId', 'total', 'coupon'] };
  const refused = await send(`${edges[1]}${path}`, 'PUT', { schema: narrower });
  expect(refused.body['reasons']).toEqual(['metadata.coupon: was not required']);
  await vi.waitFor(async () =>
    expect((await send(`${edges[0]}${path}`, 'GET')).body['revision']).toBe(before + 10),
  );
});

test('the processor judges by the catalogue what others have written', async () => {
  const client = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const producer = client.producer();
  await producer.connect();
  const at = new Date().toISOString();
  const value = {
    eventId: 'foreign',
    userId: 'ada',
    activityType: name,
    metadata: {},
    timestamp: at,
    receivedAt: at,
  };
  await producer.send({ topic: defaultTopics.raw, messages: [{ key: 'ada', value: JSON.stringify(value) }] });
  await producer.disconnect();
  await vi.waitFor(async () => expect(await stored('eventId=foreign')).toHaveLength(1), {
    interval: 200,
    timeout: 60_000,
  });
});

test('a type that is deleted is refused again on both edges; its logs stay', async () => {
  expect((await send(`${edges[1]}${path}`, 'DELETE')).status).toBe(200);
  expect(await until(400, good)).toBeLessThan(1_000);
  expect((await stored(`activityType=${encodeURIComponent(name)}`)).length).toBeGreaterThan(0);
  const { body } = await send(`${edges[0]}${path}`, 'GET');
  expect(body).toMatchObject({ registered: false, fields: expect.arrayContaining(['orderId']) as string[] });
});

test('what docs/types.md shows is run', () => {
  const page = readFileSync(join(projectRoot, 'docs', 'types.md'), 'utf8');
  const blocks = [...page.matchAll(/```(sh|json)\n(.*?)```/gs)].map(([, kind, text = '']) => ({
    kind,
    text,
  }));
  const out = join(stack.dataDir, 'event-types.ts');
  const outputs = blocks.map(({ kind, text }) => {
    if (kind === 'json') return text;
    const commands = text
      .replaceAll('http://127.0.0.1:3000', edges[0] as string)
      .replace('event-types.ts', out);
    return execFileSync('bash', ['-ec', commands.replaceAll('curl ', 'curl --silent ')], {
      cwd: projectRoot,
      encoding: 'utf8',
      env: { ...process.env, EDGE_URL: edges[0] },
    });
  });
  const [made, refused, shown, deleted, listed] = outputs;
  expect(JSON.parse(made ?? '')).toMatchObject({ name: 'Order Completed', mode: 'strict' });
  expect(JSON.parse(refused ?? '')).toEqual(JSON.parse(shown ?? ''));
  expect(JSON.parse(deleted ?? '')).toMatchObject({ success: true });
  expect(listed).toContain('"unknownTypes":"refuse"');
  expect(readFileSync(out, 'utf8')).toContain('"LOGIN": Record<string, unknown>;');
});
