// Resetting an application, on a real broker.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { copying } from './testing-support/running-apps.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { resetApplication } from './reset.ts';
import { jsonSerde, stringSerde } from './api/serde.ts';
import { createStreams } from './start.ts';
import type { Streams } from './streams.ts';
import { createKafka } from '@activity/kafka';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import type { Topology } from './topology/topology.ts';

let witness: Witness;
const stateDir = mkdtempSync(join(tmpdir(), 'streams-reset-'));

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(async () => {
  await witness[Symbol.asyncDispose]();
  rmSync(stateDir, { recursive: true });
});

/** Counts by value, behind a repartition topic. */
function counting(input: string, output: string): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, { key: stringSerde, value: stringSerde })
    .groupBy((_key, value) => value, { name: 'by-value', key: stringSerde, value: stringSerde })
    .count({ store: 'counts' })
    .toStream()
    .to(output, { key: stringSerde, value: jsonSerde<number>() });
  return builder.build();
}

async function lastCounts(topic: string): Promise<Record<string, unknown>> {
  const records = await witness.readCommitted(topic);
  return Object.fromEntries(records.map(({ key, value }) => [key, value]));
}

test('the input is read again from its beginning, without any state; not while an instance runs', async () => {
  const applicationId = uniqueName('reset');
  const [input, output] = [uniqueName('in'), uniqueName('out')];
  for (const topic of [input, output]) await witness.createTopic(topic, 1);
  await witness.send(input, [
    { key: 'a', value: 'x' },
    { key: 'b', value: 'x' },
    { key: 'c', value: 'y' },
  ]);
  const application = { applicationId, topology: counting(input, output), brokers: [servers().kafka] };
  const start = async (): Promise<Streams> => {
    const streams = createStreams({ ...application, stateDir, commitIntervalMs: 30 });
    await streams.start();
    return streams;
  };

  const first = await start();
  try {
    await vi.waitFor(async () => expect(await lastCounts(output)).toEqual({ x: '2', y: '1' }), 30_000);
    await expect(resetApplication(application)).rejects.toMatchObject({ code: 'GROUP_IN_USE' });
  } finally {
    await first.close();
  }

  expect(await resetApplication(application)).toEqual({
    offsets: true,
    positions: [],
    topics: [`${applicationId}-by-value-repartition`, `${applicationId}-counts-changelog`],
  });
  expect(await resetApplication(application)).toEqual({ offsets: false, positions: [], topics: [] });

  await witness.send(input, [{ key: 'd', value: 'z' }]);
  const before = (await witness.readCommitted(output)).length;
  const second = await start();
  try {
    // Counted from nothing: with the old state x would be 4.
    await vi.waitFor(
      async () => expect(await lastCounts(output)).toEqual({ x: '2', y: '1', z: '1' }),
      30_000,
    );
    await vi.waitFor(async () => {
      expect((await witness.readCommitted(output)).length).toBeGreaterThanOrEqual(before + 3);
    }, 30_000);
    expect(await lastCounts(output)).toEqual({ x: '2', y: '1', z: '1' });
  } finally {
    await second.close();
  }
}, 120_000);

/** Runs the command; returns its exit code and what it printed. */
function command(...args: string[]): Promise<{ code: number; output: string }> {
  const main = join(import.meta.dirname, 'reset', 'main.ts');
  const given = [main, '--bootstrap-server', servers().kafka, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, given, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

test('the command sets offsets and deletes topics; members are in its way unless forced', async () => {
  const applicationId = uniqueName('reset-command');
  const [input, output] = [uniqueName('in'), uniqueName('out')];
  for (const topic of [input, output]) await witness.createTopic(topic, 1);
  // One of them is the application's by its name, which is all that the command has. The witness would go on
  // asking for a topic that it has made.
  const kafka = createKafka({ brokers: [servers().kafka], clientId: 'test' });
  for (const name of [`${applicationId}-old-changelog`, `${applicationId}-other`])
    await kafka.createTopics([{ name, partitions: 1, replicationFactor: 1, config: {} }]);
  await witness.send(
    input,
    Array.from({ length: 6 }, (_, n) => ({ key: 'k', value: `${n}` })),
  );
  const run = async (until: number): Promise<void> => {
    const topology = copying(input, output);
    const brokers = [servers().kafka];
    const streams = createStreams({
      applicationId,
      topology,
      brokers,
      instanceId: 'one',
      commitIntervalMs: 30,
    });
    await streams.start();
    await vi.waitFor(async () => expect(await witness.readCommitted(output)).toHaveLength(until), 30_000);
    await streams.close({ leaveGroup: false });
  };
  await run(6);

  const app = ['--application-id', applicationId];
  const args = [...app, '--input-topics', input, '--shift-by', '-2'];
  expect(await command(...args)).toMatchObject({ code: 1, output: expect.stringContaining('has members') });
  const lines = [`offset 4 committed for ${input}-0`, `topic ${applicationId}-old-changelog deleted`];
  expect(await command(...args, '--dry-run', '--force')).toEqual({
    code: 0,
    output: lines.map((line) => `dry run: ${line}\n`).join(''),
  });
  expect(await command(...args, '--force')).toEqual({
    code: 0,
    output: lines.map((line) => `${line}\n`).join(''),
  });
  await run(8);
  expect((await witness.readCommitted(output)).map(({ value }) => value).slice(6)).toEqual(['4', '5']);

  expect(await command(...app, '--to-latest')).toMatchObject({ code: 1 });
  expect((await command('--help')).output).toContain('--by-duration DURATION');
  expect(await kafka.listTopics()).toContain(`${applicationId}-other`);
  await kafka.close();
}, 120_000);
