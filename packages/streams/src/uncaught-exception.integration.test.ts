// What becomes of an application when a thread ends with an error, on a real broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams, type Streams, type StreamsOptions } from './start.ts';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const folder = mkdtempSync(join(tmpdir(), 'streams-uncaught-'));
const running: Streams[] = [];
let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(async () => {
  await Promise.all(running.map((streams) => streams.close()));
  await witness[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Counts by value; `fails` throws. */
function counting(names: { in: string; out: string }, fails: (value: string) => boolean): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(names.in, strings)
    .peek((_key, value) => {
      if (fails(value)) throw new Error(`cannot take ${value}`);
    })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(names.out);
  return builder.build();
}

function create(applicationId: string, topology: Topology, options: Partial<StreamsOptions>): Streams {
  const streams = createStreams({
    applicationId,
    topology,
    brokers: [servers().kafka],
    commitIntervalMs: 30,
    sessionTimeoutMs: 6000,
    logger: () => {},
    ...options,
  });
  running.push(streams);
  return streams;
}

async function topics(id: string): Promise<{ in: string; out: string }> {
  const names = { in: `${id}-in`, out: `${id}-out` };
  for (const name of Object.values(names)) await witness.createTopic(name, 2);
  return names;
}

const until = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });

test('one instance’s error shuts every instance down, and nobody holds the state of another', async () => {
  const id = uniqueName('shutdown');
  const names = await topics(id);
  const topology = counting(names, (value) => value === 'bad');
  const [a, b] = ['a', 'b'].map((name) =>
    create(id, topology, {
      stateDir: join(folder, id, name),
      onUncaughtException: 'shut-down-application',
    }),
  ) as [Streams, Streams];
  await Promise.all([a.start(), b.start()]);
  await until(() => expect([a.state, b.state]).toEqual(['RUNNING', 'RUNNING']));
  await witness.send(names.in, [{ key: 'k', value: 'bad' }]);
  await until(() => expect([a.state, b.state]).toEqual(['ERROR', 'ERROR']));
  // Both processes live on, and another may take their folders.
  const good = counting(names, () => false);
  const started = ['a', 'b'].map(async (name) => {
    const stateDir = join(folder, id, name);
    let streams: Streams | undefined;
    // As a supervisor does: the other one may have failed too,
    // and ask for the shutdown after this one has begun.
    await until(async () => {
      if (streams === undefined || streams.state === 'ERROR') {
        const next = create(id, good, { stateDir });
        await next.start();
        streams = next;
      }
      expect(streams.state).toBe('RUNNING');
    });
  });
  await Promise.all(started);
  await until(async () => expect((await witness.readCommitted(names.out)).length).toBe(1));
}, 180_000);

test('a thread is replaced, and goes on from the last commit', async () => {
  const id = uniqueName('replace');
  const names = await topics(id);
  let failures = 0;
  const topology = counting(names, (value) => value === 'bad' && failures++ < 1);
  const asked: string[] = [];
  const states: string[] = [];
  const streams = create(id, topology, {
    stateDir: join(folder, id),
    onUncaughtException: (error) => {
      asked.push(error.message);
      return 'replace-thread';
    },
    onState: (state) => states.push(state),
  });
  await streams.start();
  await witness.send(names.in, [
    { key: 'k', value: 'good' },
    { key: 'k', value: 'bad' },
    { key: 'k', value: 'good' },
  ]);
  await until(async () => {
    const counts = (await witness.readCommitted(names.out)).map(({ value }) => Number(value));
    expect(counts).toEqual([1, 2, 3]);
  });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toContain('cannot take bad');
  expect(states).not.toContain('ERROR');
  await until(() => expect(streams.state).toBe('RUNNING'));
}, 120_000);
