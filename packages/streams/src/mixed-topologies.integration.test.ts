// A rolling deployment with another topology, on a broker: what runs goes on, and nothing is processed twice.
import { servers } from '@activity/local/testing';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams, type Streams } from './start.ts';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const running: Streams[] = [];
let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(async () => {
  await Promise.all(running.map((streams) => streams.close()));
  await witness[Symbol.asyncDispose]();
});

/** The newer version reads another topic first, so the number of each sub-topology is another. */
function topology(names: { raw: string; more: string; out: string }, newer: boolean): Topology {
  const builder = new StreamsBuilder();
  if (newer) builder.stream(names.more, strings).to(names.out, strings);
  const raw = builder.stream(names.raw, strings);
  raw.to(names.out, strings);
  raw
    .groupBy((_key, value) => value, strings)
    .count({ store: 'counts' })
    .toStream()
    .to(names.out);
  return builder.build();
}

function start(applicationId: string, built: Topology): { streams: Streams; lines: string[] } {
  const lines: string[] = [];
  const streams = createStreams({
    applicationId,
    topology: built,
    brokers: [servers().kafka],
    commitIntervalMs: 30,
    sessionTimeoutMs: 6000,
    logger: (_level, message) => lines.push(message),
  });
  running.push(streams);
  void streams.start();
  return { streams, lines };
}

test('a newcomer with another topology waits until the others have gone, and each record is written once', async () => {
  const id = uniqueName('mixed');
  const names = { raw: `${id}-raw`, more: `${id}-more`, out: `${id}-out` };
  for (const name of Object.values(names)) await witness.createTopic(name, 1);
  const send = (from: number, to: number): Promise<void> =>
    witness.send(
      names.raw,
      Array.from({ length: to - from }, (_, i) => ({ key: `${from + i}`, value: 'x' })),
    );
  const copies = async (): Promise<number[]> => {
    const seen = await witness.readCommitted(names.out);
    return seen.filter(({ value }) => value === 'x').map(({ key }) => Number(key));
  };
  const counted = async (): Promise<number> =>
    Math.max(
      ...(await witness.readCommitted(names.out))
        .filter(({ key }) => key === 'x')
        .map((seen) => Number(seen.value)),
    );
  const until = (check: () => Promise<void>): Promise<void> =>
    vi.waitFor(check, { timeout: 40_000, interval: 100 });

  const old = start(id, topology(names, false));
  await vi.waitFor(() => expect(old.streams.state).toBe('RUNNING'), 40_000);
  await send(0, 50);
  await until(async () => expect((await copies()).length).toBe(50));
  const newcomer = start(id, topology(names, true));
  await vi.waitFor(() => expect(newcomer.lines.join()).toContain('gets no tasks'), 40_000);
  await send(50, 100);
  await until(async () => expect(await counted()).toBe(100));
  expect((await copies()).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(old.streams.state).toBe('RUNNING');

  await old.streams.close();
  await send(100, 150);
  await until(async () => expect(await counted()).toBe(150));
  expect((await copies()).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => i));
}, 180_000);
