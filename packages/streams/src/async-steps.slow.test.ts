// Steps that await on a real broker: what one thread does with calls of 50 ms, and an application that is
// killed again and again.
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, waitFor, type Witness } from '@activity/kafka/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CountsAppOptions } from './testing-support/counts-app.fixture.ts';
import { lagOf, startApp, type App } from './testing-support/counts-run.ts';

let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

interface Run {
  topics: { input: string; results: string; counts: string };
  applicationId: string;
  start: (instanceId?: string) => App;
}

/** Topics with records, each the next number, and an application for them. */
async function prepare(records: number, keys: number, options: object): Promise<Run> {
  const name = uniqueName('async');
  const topics = { input: `${name}-input`, results: `${name}-results`, counts: `${name}-counts` };
  for (const topic of Object.values(topics)) await witness.createTopic(topic, 2);
  for (let at = 0; at < records; at += 5_000) {
    const ids = Array.from({ length: Math.min(5_000, records - at) }, (_, i) => at + i);
    await witness.send(
      topics.input,
      ids.map((id) => ({ key: `key ${id % keys}`, value: `${id}` })),
    );
  }
  const settings = {
    applicationId: name,
    brokers: [servers().kafka],
    module: 'async-topology.ts',
    sessionTimeoutMs: 6_000,
    counts: { topics, ...options },
  };
  const start = (instanceId = 'a'): App =>
    startApp({ ...settings, instanceId } as unknown as CountsAppOptions);
  return { topics, applicationId: name, start };
}

/** Each result once, in the order of its key, and every count: 1, 2, 3, … */
async function expectExact({ topics }: Run, records: number, keys: number): Promise<void> {
  const sent = Array.from({ length: records }, (_, id) => ({ key: `key ${id % keys}`, value: `${id}!` }));
  const wanted = Map.groupBy(sent, ({ key }) => key);
  const found = Map.groupBy(await witness.readCommitted(topics.results), ({ key }) => key);
  const valuesOf = (list: readonly { value: string | null }[] = []): string =>
    list.map(({ value }) => value).join();
  const wrong = [...wanted].filter(([key, list]) => valuesOf(found.get(key)) !== valuesOf(list));
  expect(wrong.map(([key]) => key)).toEqual([]);
  const counts = new Map<string, number>();
  let wrongCounts = 0;
  for (const { key, value } of await witness.readCommitted(topics.counts)) {
    const next = (counts.get(key ?? '') ?? 0) + 1;
    if (Number(value) !== next) wrongCounts++;
    counts.set(key ?? '', next);
  }
  expect(wrongCounts).toBe(0);
  expect([...counts.values()].reduce((sum, n) => sum + n, 0)).toBe(records);
}

test('one thread, calls of 50 ms: 200,000 records', async () => {
  const [records, keys] = [200_000, 50_000];
  const run = await prepare(records, keys, { callMs: 50, maxInFlight: 10_000 });
  const app = run.start();
  await waitFor('the application to run', () => app.state === 'RUNNING');
  const began = performance.now();
  await waitFor(
    'all records to be committed',
    async () => (await lagOf(witness, run.applicationId, [run.topics.input])) === 0,
  );
  const seconds = (performance.now() - began) / 1_000;
  await app.end('SIGTERM');
  console.log(`steps that await: ${Math.round(records / seconds)} records/s on one thread, calls of 50 ms`);
  await expectExact(run, records, keys);
}, 600_000);

const kills = Number(process.env['ASYNC_KILLS'] ?? 50);

test(`${kills} SIGKILLs with calls in flight: every result once, in order, and all counts right`, async () => {
  const [records, keys] = [kills * 8_000, 2_000];
  const run = await prepare(records, keys, { callMs: 50, maxInFlight: 1_000, failing: 20 });
  let app = run.start();
  for (let kill = 0; kill < kills; kill++) {
    await waitFor('the application to run', () => app.state === 'RUNNING');
    await sleep(Math.random() * 500);
    await app.end('SIGKILL');
    app = run.start();
  }
  await waitFor(
    'all records to be committed',
    async () => (await lagOf(witness, run.applicationId, [run.topics.input])) === 0,
  );
  await app.end('SIGTERM');
  await expectExact(run, records, keys);
}, 1_800_000);

test('another instance joins and leaves again and again while 500 calls are in flight: every result once', async () => {
  const [records, keys] = [60_000, 2_000];
  const run = await prepare(records, keys, { callMs: 200, maxInFlight: 500 });
  const lag = (): Promise<number> => lagOf(witness, run.applicationId, [run.topics.input]);
  const first = run.start();
  await waitFor('the first instance to run', () => first.state === 'RUNNING');
  let changes = 0;
  while ((await lag()) > records / 4) {
    const second = run.start('b');
    await waitFor('the second instance to run', () => second.state === 'RUNNING');
    await sleep(Math.random() * 500);
    await second.end('SIGTERM');
    changes++;
    // Calls were in flight before the change and after it.
    expect(await lag()).toBeGreaterThan(0);
  }
  expect(changes).toBeGreaterThan(1);
  await waitFor('all records to be committed', async () => (await lag()) === 0);
  await first.end('SIGTERM');
  console.log(`steps that await: another instance joined and left ${changes} times`);
  await expectExact(run, records, keys);
}, 600_000);
