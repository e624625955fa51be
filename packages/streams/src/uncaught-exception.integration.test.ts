// What becomes of an application when a thread ends with an error, on a real broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FatalError } from './api/errors.ts';
import type { ProcessorContext } from './api/processor.ts';
import type { StreamRecord } from './api/record.ts';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams, type StreamsOptions } from './start.ts';
import type { Streams } from './streams.ts';
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

/** Copies through two steps with a store; the second throws in `init` where `fails` says so. */
function initializing(names: { in: string; out: string }, fails: () => boolean, closed: string[]): Topology {
  const builder = new StreamsBuilder();
  const store = builder.addStore({
    name: 'seen',
    kind: 'keyValue',
    key: stringSerde,
    value: stringSerde,
  });
  const passing = (name: string, init: () => void = () => {}) => {
    let forward: (record: StreamRecord<string, string>) => void;
    return {
      init(context: ProcessorContext<string, string>) {
        context.keyValueStore('seen');
        forward = (record) => context.forward(record);
        init();
      },
      process: (record: StreamRecord<string, string>) => forward(record),
      close: () => void closed.push(name),
    };
  };
  builder
    .stream(names.in, strings)
    .process(() => passing('first'), { name: 'first', stores: [store], ...strings })
    .process(
      () =>
        passing('connect', () => {
          if (fails()) throw new Error('the model is not there');
        }),
      { name: 'connect', stores: [store], ...strings },
    )
    .to(names.out);
  return builder.build();
}

test('an init() that throws ends the application, by default, with the name of the step', async () => {
  const id = uniqueName('init');
  const names = await topics(id);
  const closed: string[] = [];
  const states: [string, Error | undefined][] = [];
  const streams = create(
    id,
    initializing(names, () => true, closed),
    {
      stateDir: join(folder, id),
      onState: (state, error) => states.push([state, error]),
    },
  );
  await streams.start();
  await until(() => expect(streams.state).toBe('ERROR'));
  const [, error] = states.at(-1) ?? [];
  expect(error).toBeInstanceOf(FatalError);
  expect(error).toMatchObject({ code: 'PROCESSING_FAILED', cause: { message: 'the model is not there' } });
  expect(error?.message).toBe('initializing step connect: the model is not there');
  expect(closed.slice(0, 2)).toEqual(['first', 'connect']);
}, 120_000);

test('a thread whose init() threw is replaced where that was chosen, and finds its state closed', async () => {
  const id = uniqueName('init-again');
  const names = await topics(id);
  let failures = 0;
  const asked: string[] = [];
  const topology = initializing(names, () => failures++ < 2, []);
  const streams = create(id, topology, {
    stateDir: join(folder, id),
    onUncaughtException: (error) => {
      asked.push(error.message);
      return 'replace-thread';
    },
  });
  await streams.start();
  await witness.send(names.in, [{ key: 'k', value: 'v' }]);
  await until(async () => expect(await witness.readCommitted(names.out)).toMatchObject([{ value: 'v' }]));
  expect(asked).toEqual(Array.from({ length: 2 }, () => 'initializing step connect: the model is not there'));
  await until(() => expect(streams.state).toBe('RUNNING'));
}, 120_000);

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
