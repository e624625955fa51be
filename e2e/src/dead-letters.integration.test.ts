// `npm run dead-letters` on a real broker,
// beside the processor that writes the letters and reads what is replayed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultActivityTypes, topicEnvironment, topicsNamed, topicsOf } from '@activity/contracts';
import { Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { serviceSpec } from '@activity/local/parts/services';
import { ensureTopics } from '@activity/local/parts/topics';
import { projectRoot } from '@activity/testbed/paths';
import { Part } from '@activity/testbed/process/part';
import { run, type Outcome } from '@activity/testbed/process/run';
import { freePorts } from '@activity/local/testing/free-ports';
import { servers } from '@activity/testbed/testing';
import { startWitness, type Witness } from './testing/witness.ts';

const names = topicEnvironment(topicsNamed('letters'));
const dataDir = mkdtempSync(join(tmpdir(), 'activity-letters-'));
// A whole minute of the past hour.
const start = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const later = start + 600_000;
/**
 * A moment between the first two records and the others, by the broker's clock: letters are found by when raw
 * took them.
 */
let between: string;
const logged = z.object({ eventId: z.string() });
let env: Record<string, string>;
let processor: Part;
let producer: Producer;
let admin: Admin;
let witness: Witness;

async function startProcessor(types: readonly string[]): Promise<void> {
  const spec = serviceSpec('processor', { ports: await freePorts(), dataDir });
  const given = { ...spec.command.env, ...env, ACTIVITY_TYPES: types.join() };
  processor = new Part({ ...spec, command: { ...spec.command, env: given } });
  await processor.start();
}

function runTool(args: string[]): Promise<Outcome> {
  const file = join(projectRoot, 'connect', 'src', 'dead-letters', 'main.ts');
  return run({ file: process.execPath, args: [file, ...args], env });
}

/** What the tool prints. */
async function letters(...args: string[]): Promise<string> {
  const { output, code } = await runTool(args);
  if (code !== 0) throw new Error(output);
  return output;
}

function event(userId: string, eventId: string, at: number, activityType: string): string {
  const times = { timestamp: new Date(at).toISOString(), receivedAt: new Date(at).toISOString() };
  return JSON.stringify({ eventId, userId, activityType, metadata: {}, ...times });
}

async function send(key: string, value: string, at: number): Promise<void> {
  const messages = [{ key, value, partition: 0, timestamp: String(at) }];
  await producer.send({ topic: names.KAFKA_TOPIC, messages });
}

function seen(topic: string): unknown[] {
  return witness.seen.filter((one) => one.topic === topic).map(({ value }) => value);
}

/** How many records the raw topic has; nothing is written into it in transactions. */
async function rawRecords(): Promise<number> {
  const [partition] = await admin.fetchTopicOffsets(names.KAFKA_TOPIC);
  return Number(partition?.high);
}

/** The event ids of the logs, in their order. */
function logs(): string[] {
  return seen(names.KAFKA_ENRICHED_TOPIC).map((value) => logged.parse(value).eventId);
}

beforeAll(async () => {
  const { kafka: broker } = servers();
  env = { ...names, KAFKA_BROKERS: broker, KAFKA_GROUP_ID: 'letters', LOG_LEVEL: 'warn' };
  await ensureTopics(broker, topicsOf(names), 1);
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR });
  producer = kafka.producer();
  admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);
  witness = await startWitness(broker, [names.KAFKA_ENRICHED_TOPIC, names.KAFKA_LEDGER_TOPIC]);
  await startProcessor(defaultActivityTypes);
  await send('ann', '{', start);
  await send('ann', event('ann', 'wave-1', start, 'WAVE'), start);
  await sleep(10);
  between = new Date().toISOString();
  await send('bob', event('bob', 'wave-2', later, 'WAVE'), later);
  await send('ann', event('ann', 'twice', later, 'LOGIN'), later);
  await send('ann', event('ann', 'twice', later, 'LOGOUT'), later);
}, 60_000);

afterAll(async () => {
  await Promise.allSettled([
    witness?.close(),
    producer?.disconnect(),
    admin?.disconnect(),
    processor?.stop(),
  ]);
  rmSync(dataDir, { recursive: true });
});

test('the processor has written four', async () => {
  await vi.waitFor(async () => expect(await letters('list')).toContain('4 dead letters'), {
    timeout: 30_000,
    interval: 500,
  });
});

test.each<[string[], number]>([
  [['--reason', 'undecodable'], 1],
  [['--reason', 'invalid'], 2],
  [['--reason', 'conflicting-duplicate'], 1],
  [['--reason', 'too-large'], 0],
  [['--until', 'between'], 2],
  [['--since', 'between'], 2],
  [['--reason', 'invalid', '--since', 'between'], 1],
  [['--limit', '3'], 3],
])('lists by reason and time: %j are %i', async (filters, count) => {
  const given = filters.map((one) => (one === 'between' ? between : one));
  expect(await letters('list', ...given)).toContain(`${count} dead letters`);
});

test('shows the untouched bytes and why they are there', async () => {
  const shown = await letters('show', '--reason', 'undecodable');
  expect(shown).toContain('undecodable at');
  expect(shown).toContain('from letters-raw 0/0: not JSON');
  expect(shown).toContain('value  "{"');
});

test('a dry run sends and discards nothing', async () => {
  expect(await letters('replay', '--reason', 'invalid', '--dry-run')).toContain(
    '2 dead letters would be replayed',
  );
  expect(await letters('discard', '--dry-run')).toContain('4 dead letters would be discarded');
  expect(await letters('list')).toContain('4 dead letters');
  expect(await rawRecords()).toBe(5);
});

test('a replay sends each once, however often it is run or cut off', async () => {
  // Their reason is mended: the processor takes the type now.
  await processor.stop();
  await startProcessor([...defaultActivityTypes, 'WAVE']);
  expect(await letters('replay', '--reason', 'invalid')).toContain('2 dead letters replayed');
  expect(await letters('replay', '--reason', 'invalid')).toContain('0 dead letters replayed');
  await vi.waitFor(() => expect(logs()).toEqual(['twice', 'wave-1', 'wave-2']), { timeout: 30_000 });
  // What a run that was cut off between the record and its note leads to:
  // the next one sends the record again.
  await send('ann', event('ann', 'wave-1', start, 'WAVE'), start);
  await vi.waitFor(
    () =>
      expect(seen(names.KAFKA_LEDGER_TOPIC).at(-1)).toMatchObject({
        enriched: 3,
        duplicate: 1,
        deadLettered: 4,
      }),
    { timeout: 30_000 },
  );
  expect(logs()).toEqual(['twice', 'wave-1', 'wave-2']);
  expect(await letters('list')).toContain('2 dead letters');
});

test('what is discarded is not seen again', async () => {
  expect(await letters('discard', '--reason', 'undecodable')).toContain('1 dead letters discarded');
  expect(await letters('discard', '--reason', 'undecodable')).toContain('0 dead letters discarded');
  expect(await letters('list')).toContain('1 dead letters');
  expect(await rawRecords()).toBe(8);
});

test('what is too deep or too large is a dead letter too, even one that no letter can carry', async () => {
  await send('ann', `{"a":${'['.repeat(50)}${']'.repeat(50)}}`, later);
  await send('ann', JSON.stringify('x'.repeat(300_000)), later);
  // With the headers of a letter it is larger than the broker takes.
  await send('ann', JSON.stringify('x'.repeat(1_048_300)), later);
  await send('ann', event('ann', 'after', later, 'LOGIN'), later);
  await vi.waitFor(() => expect(logs()).toContain('after'), { timeout: 30_000 });
  expect(await letters('list', '--reason', 'too-deep')).toContain('1 dead letters');
  expect(await letters('list', '--reason', 'too-large')).toContain('2 dead letters');
  // Both go back as they were and are refused as before, but the one whose bytes are not there.
  const { output, code } = await runTool(['replay', '--reason', 'too-large']);
  expect(output).toMatch(/0\/\d+ is left: its bytes are not here: it was too large/);
  expect(output).toContain('1 dead letters replayed');
  expect(code).toBe(1);
});
