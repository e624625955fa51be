// Resetting an application, on a real broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { resetApplication } from './reset.ts';
import { jsonSerde, stringSerde } from './api/serde.ts';
import { createStreams } from './start.ts';
import type { Streams } from './streams.ts';
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
    topics: [`${applicationId}-by-value-repartition`, `${applicationId}-counts-changelog`],
  });
  expect(await resetApplication(application)).toEqual({ offsets: false, topics: [] });

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
