// A rolling deployment with another topology, on a broker: what runs goes on, and nothing is processed twice.
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { numberSerde, stringSerde, type Serde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams } from './start.ts';
import type { Streams } from './streams.ts';
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

interface Names {
  raw: string;
  more: string;
  out: string;
}

/** What the newer version has that the older one has not. */
type Change = 'a step' | 'a source' | 'another name of a store' | 'another serde of a store';

/** Numbers as bytes, in the store of a newer version. */
const bytesOfNumber: Serde<number> = {
  format: 'bytes',
  serialize: (value) => Buffer.from(String(value)),
  deserialize: (bytes) => Number(bytes.toString()),
};

/** `a source` is declared first, so the number of each sub-topology is another. */
function topology(names: Names, change?: Change): Topology {
  const builder = new StreamsBuilder();
  if (change === 'a source') builder.stream(names.more, strings).to(names.out, strings);
  const raw = builder.stream(names.raw, strings);
  raw
    .groupBy((_key, value) => value, strings)
    .count({
      store: change === 'another name of a store' ? 'totals' : 'counts',
      ...(change === 'another serde of a store' && { value: bytesOfNumber }),
    })
    .toStream()
    .to(names.out, { value: numberSerde });
  const copied = change === 'a step' ? raw.filter(() => true) : raw;
  copied.to(names.out, strings);
  return builder.build();
}

/**
 * Makes the topics of a test; sends records to the first, reads copies and the highest count from the last.
 */
async function prepare(id: string): Promise<{
  names: Names;
  send: (from: number, to: number) => Promise<void>;
  copies: () => Promise<number[]>;
  counted: () => Promise<number>;
}> {
  const names = { raw: `${id}-raw`, more: `${id}-more`, out: `${id}-out` };
  await witness.createTopic(names.raw, 2);
  await witness.createTopic(names.more, 2);
  await witness.createTopic(names.out, 2);
  return {
    names,
    send: (from, to) =>
      witness.send(
        names.raw,
        Array.from({ length: to - from }, (_, i) => ({ key: `${from + i}`, value: 'x' })),
      ),
    async copies() {
      const seen = await witness.readCommitted(names.out);
      const found = seen.filter(({ value }) => value === 'x').map(({ key }) => Number(key));
      return found.toSorted((a, b) => a - b);
    },
    async counted() {
      const seen = (await witness.readCommitted(names.out)).filter(({ key }) => key === 'x');
      return Math.max(...seen.map(({ value }) => Number(value)));
    },
  };
}

function numbersTo(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

function until(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 40_000, interval: 100 });
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
  const { names, send, copies, counted } = await prepare(id);
  const old = start(id, topology(names));
  await vi.waitFor(() => expect(old.streams.state).toBe('RUNNING'), 40_000);
  await send(0, 50);
  await until(async () => expect(await copies()).toHaveLength(50));
  const newcomer = start(id, topology(names, 'a source'));
  await vi.waitFor(() => expect(newcomer.lines.join()).toContain('gets no tasks'), 40_000);
  await send(50, 100);
  await until(async () => expect(await counted()).toBe(100));
  expect(await copies()).toEqual(numbersTo(100));
  expect(old.streams.state).toBe('RUNNING');

  await old.streams.close();
  await send(100, 150);
  await until(async () => expect(await counted()).toBe(150));
  expect(await copies()).toEqual(numbersTo(150));
}, 180_000);

test.each<[Change, 'works' | 'waits']>([
  ['a step', 'works'],
  ['another name of a store', 'waits'],
  ['another serde of a store', 'waits'],
])(
  'a newcomer with %s %s, while the old instance goes on and counts each record once',
  async (change, outcome) => {
    const id = uniqueName('rolling');
    const { names, send, copies, counted } = await prepare(id);
    const old = start(id, topology(names));
    await vi.waitFor(() => expect(old.streams.state).toBe('RUNNING'), 40_000);
    await send(0, 50);
    await until(async () => expect(await counted()).toBe(50));
    const newcomer = start(id, topology(names, change));
    const said =
      outcome === 'works'
        ? 'assigned 2 tasks'
        : 'gets no tasks until every instance of the other version has stopped';
    await vi.waitFor(() => expect(newcomer.lines.join()).toContain(said), 40_000);
    await send(50, 100);
    await until(async () => expect(await counted()).toBe(100));
    expect(await copies()).toEqual(numbersTo(100));
    expect([old.streams.state, newcomer.streams.isHealthy()]).toEqual(['RUNNING', true]);
    if (outcome === 'waits') return;
    await old.streams.close();
    await send(100, 150);
    await until(async () => expect(await counted()).toBe(150));
    expect(await copies()).toEqual(numbersTo(150));
  },
  180_000,
);
