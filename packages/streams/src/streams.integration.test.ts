// Whole applications on a real broker, with kafkajs as the witness: starting, sharing, leaving, failing,
// going on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/local/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { FatalError } from './api/errors.ts';
import { noMetrics } from './runtime/metrics.ts';
import type { ThreadState } from './runtime/thread/thread-state.ts';
import { jsonSerde, stringSerde } from './api/serde.ts';
import { createStreams, type Streams, type StreamsOptions } from './start.ts';
import countsTopology from './testing-support/counts-topology.ts';
import { createTopics, faultless, judge, lagOf, sendIds } from './testing-support/counts-run.ts';
import { topicsOf } from './testing-support/kill-run.ts';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };

let witness: Witness;
let applicationId = '';
const running: Streams[] = [];

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

beforeEach(() => {
  applicationId = uniqueName('app');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((streams) => streams.close()));
});

interface Told {
  streams: Streams;
  states: ThreadState[];
  errors: string[];
  lines: string[];
}

/** An application that will be closed, with what it told. */
function create(topology: Topology, options: Partial<StreamsOptions> = {}): Told {
  const told: Omit<Told, 'streams'> = { states: [], errors: [], lines: [] };
  const streams = createStreams({
    applicationId,
    topology,
    brokers: [servers().kafka],
    commitIntervalMs: 30,
    sessionTimeoutMs: 6000,
    onState(state, error) {
      told.states.push(state);
      if (error) told.errors.push(error.message);
    },
    logger: (_level, message) => told.lines.push(message),
    ...options,
  });
  running.push(streams);
  return { streams, ...told };
}

async function until(check: () => void | Promise<void>, timeout = 50_000): Promise<void> {
  await vi.waitFor(check, { timeout, interval: 20 });
}

async function untilRunning(...all: Told[]): Promise<void> {
  await until(() => expect(all.map(({ streams }) => streams.state)).toEqual(all.map(() => 'RUNNING')));
}

async function untilCommitted(input: string): Promise<void> {
  const topics = await topicsOf(witness, applicationId, input);
  await until(async () => expect(await lagOf(witness, applicationId, topics)).toBe(0));
}

/** Copies `in` to `out`; `fails` throws. */
function copying(input: string, output: string, fails: (value: string) => boolean = () => false): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, strings)
    .mapValues(
      (value) => {
        if (fails(value)) throw new Error(`cannot take ${value}`);
        return value;
      },
      { value: stringSerde },
    )
    .to(output);
  return builder.build();
}

async function valuesIn(topic: string): Promise<(string | null)[]> {
  return (await witness.readCommitted(topic)).map(({ value }) => value);
}

describe('an application', () => {
  test('counts exactly once, reports its states, and makes its own topics', async () => {
    const topics = await createTopics(witness, 4);
    const app = create(countsTopology({ topics }));
    expect([app.streams.state, app.streams.isReady(), app.streams.isHealthy()]).toEqual([
      'CREATED',
      false,
      true,
    ]);
    await app.streams.start();
    await sendIds(witness, topics.input, 0, 3000);
    await untilRunning(app);
    expect(app.streams.isReady()).toBe(true);
    await untilCommitted(topics.input);
    await app.streams.close();
    await app.streams.close();
    // Only now: reading a topic whole leaves a mark in it, the input too.
    expect(await judge(witness, topics, 3000)).toEqual(faultless);
    expect([app.streams.state, app.streams.isReady(), app.streams.isHealthy()]).toEqual([
      'CLOSED',
      false,
      false,
    ]);
    expect(app.states.filter((state) => state !== 'RESTORING' && state !== 'REBALANCING')).toEqual([
      'RUNNING',
      'CLOSED',
    ]);
    expect(app.states[0]).toBe('REBALANCING');
    const own = (await witness.admin.listTopics()).filter((topic) => topic.startsWith(`${applicationId}-`));
    const { topics: described } = await witness.admin.fetchTopicMetadata({ topics: own });
    expect(described.map(({ partitions }) => partitions.length)).toEqual(own.map(() => 4));
    const names = own.map((topic) => topic.replace(`${applicationId}-`, '')).toSorted();
    expect(names).toEqual([
      'KSTREAM-REPARTITION-0000000008-repartition',
      'by-digit-changelog',
      'by-key-changelog',
      'by-minute-changelog',
      'once-store-changelog',
      'recent-store-changelog',
    ]);
  });

  test('goes on where it was, its state restored from the changelogs', async () => {
    const topics = await createTopics(witness, 2);
    for (const [round, [from, to]] of [
      [0, 800],
      [800, 1600],
      [1600, 2000],
    ].entries()) {
      const restored: number[] = [];
      const metrics = { ...noMetrics, restored: (_t: string, _s: string, n: number) => restored.push(n) };
      const app = create(countsTopology({ topics }), { metrics });
      await app.streams.start();
      await sendIds(witness, topics.input, from ?? 0, to ?? 0);
      await untilRunning(app);
      await untilCommitted(topics.input);
      await app.streams.close();
      expect(restored.reduce((sum, n) => sum + n, 0) > 0).toBe(round > 0);
    }
    expect(await judge(witness, topics, 2000)).toEqual(faultless);
  });

  test('lets its committed state be read', async () => {
    const topics = await createTopics(witness, 3);
    const app = create(countsTopology({ topics }));
    await app.streams.start();
    await sendIds(witness, topics.input, 0, 1000);
    await untilRunning(app);
    await untilCommitted(topics.input);
    const digits = app.streams.store<string, number>('by-digit');
    expect(await digits.get('digit 7')).toBe(100);
    expect(await digits.get('digit x')).toBeUndefined();
  });

  test('sends what it cannot take to the dead letters, and goes on', async () => {
    const input = await witness.createTopic(uniqueName('in'), 1);
    const output = await witness.createTopic(uniqueName('out'), 1);
    const deadLetterTopic = await witness.createTopic(uniqueName('dead'), 1);
    const app = create(
      copying(input, output, (value) => value === 'bad'),
      {
        onFailure: { processing: 'deadLetter' },
        deadLetterTopic,
      },
    );
    await app.streams.start();
    await witness.send(
      input,
      ['good', 'bad', 'better'].map((value) => ({ key: 'k', value })),
    );
    await untilCommitted(input);
    expect(await valuesIn(output)).toEqual(['good', 'better']);
    expect(await valuesIn(deadLetterTopic)).toEqual(['bad']);
  });
});

describe('starting', () => {
  test.each<[string, (known: string) => Topology, Partial<StreamsOptions>, string]>([
    [
      'an input',
      (known) => copying('no-such-input', known),
      {},
      'topic no-such-input does not exist; create it',
    ],
    [
      'an output',
      (known) => copying(known, 'no-such-output'),
      {},
      'topic no-such-output does not exist; create it',
    ],
    [
      'several topics',
      () => copying('no-such-input', 'no-such-output'),
      {},
      'topics no-such-input, no-such-output do not exist; create',
    ],
    [
      'the dead-letter topic',
      (known) => copying(known, known),
      { onFailure: { processing: 'deadLetter' }, deadLetterTopic: 'no-such-dead' },
      'topic no-such-dead does not exist; create it',
    ],
  ])('without %s fails and names it', async (_what, topology, options, message) => {
    const known = await witness.createTopic(uniqueName('known'), 1);
    const app = create(topology(known), options);
    await expect(app.streams.start()).rejects.toThrowError(message);
  });

  test('with topics that do not fit together fails and says how many partitions each has', async () => {
    const one = await witness.createTopic(uniqueName('one'), 1);
    const two = await witness.createTopic(uniqueName('two'), 2);
    const builder = new StreamsBuilder();
    builder.stream([one, two], strings).foreach(() => {});
    const app = create(builder.build());
    await expect(app.streams.start()).rejects.toThrowError(`${one} (1) and ${two} (2); use repartition()`);
  });

  test('with a store whose changelog topic is missing, or has other partitions, fails and names it', async () => {
    const input = await witness.createTopic(uniqueName('in'), 2);
    const published = uniqueName('published');
    const topology = (): Topology => {
      const builder = new StreamsBuilder();
      const options = { kind: 'keyValue', key: stringSerde, value: stringSerde } as const;
      const store = builder.addStore({ name: 'store', ...options, changelogTopic: published });
      builder.stream(input, strings).process(() => ({ process() {} }), { stores: [store] });
      return builder.build();
    };
    await expect(create(topology()).streams.start()).rejects.toThrowError(
      `topic ${published} does not exist`,
    );
    await witness.createTopic(published, 3);
    await expect(create(topology()).streams.start()).rejects.toThrowError(
      `topic ${published}, the changelog of store store, has 3 partitions; give it 2`,
    );
  });

  test('after the input’s partitions have changed fails and says what to do', async () => {
    const topics = await createTopics(witness, 2);
    const first = create(countsTopology({ topics }));
    await first.streams.start();
    await untilRunning(first);
    await first.streams.close();
    await witness.admin.createPartitions({ topicPartitions: [{ topic: topics.input, count: 3 }] });
    await until(async () => {
      expect((await witness.admin.fetchTopicOffsets(topics.input)).length).toBe(3);
    });
    const second = create(countsTopology({ topics }));
    await expect(second.streams.start()).rejects.toThrowError(
      `${applicationId}-by-key-changelog has 2 partitions, not 3`,
    );
    await expect(second.streams.start()).rejects.toThrowError('start() was called twice');
  });

  test('twice on one state folder fails and says who has it', async () => {
    const topics = await createTopics(witness, 1);
    const stateDir = mkdtempSync(join(tmpdir(), 'streams-state-'));
    const [first, second] = [1, 2].map(() => create(countsTopology({ topics }), { stateDir }));
    await first?.streams.start();
    await expect(second?.streams.start()).rejects.toThrowError(`is used by process ${process.pid}`);
    await first?.streams.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  test.each<[string, Partial<StreamsOptions>, string]>([
    ['no dead-letter topic', { onFailure: { processing: 'deadLetter' } }, 'set deadLetterTopic too'],
    ['no thread', { threads: 0 }, 'threads must be 1 or more, not 0'],
    ['threads and no module', { threads: 2 }, 'threads need the topology as a module'],
  ])('is refused with %s before anything happens', (_what, options, message) => {
    expect(() => create(copying('a', 'b'), options)).toThrowError(FatalError);
    expect(() => create(copying('a', 'b'), options)).toThrowError(message);
  });
});

describe('two instances', () => {
  /** Counts how often each partition's processor was made and closed, by instance. */
  function watched(topic: string, log: string[]): Topology {
    const builder = new StreamsBuilder();
    builder.stream(topic, strings).process(() => {
      let partition = -1;
      return {
        init(context) {
          ({ partition } = context);
          log.push(`open ${partition}`);
        },
        process() {},
        close: () => log.push(`close ${partition}`),
      };
    });
    return builder.build();
  }

  function openOf(log: readonly string[]): number[] {
    const count = (what: string, n: number): number => log.filter((line) => line === `${what} ${n}`).length;
    return Array.from({ length: 8 }, (_, n) => n).filter((n) => count('open', n) > count('close', n));
  }

  test('share the tasks; joining and leaving move no task that need not move', async () => {
    const topic = await witness.createTopic(uniqueName('shared'), 8);
    const logs: string[][] = [[], [], []];
    const [a, b, c] = logs.map((log) => create(watched(topic, log))) as [Told, Told, Told];
    await a.streams.start();
    await until(() => expect(openOf(logs[0] ?? [])).toHaveLength(8));
    await b.streams.start();
    await until(() => expect([logs[0], logs[1]].map((log) => openOf(log ?? []).length)).toEqual([4, 4]));
    // The four that stayed were never closed, and none was opened twice.
    expect(logs[0]).toHaveLength(8 + 4);
    expect(logs[1]).toHaveLength(4);
    await c.streams.start();
    await until(() =>
      expect(logs.map((log) => openOf(log).length).toSorted((x, y) => x - y)).toEqual([2, 3, 3]),
    );
    const moved = logs
      .slice(0, 2)
      .flat()
      .filter((line) => line.startsWith('close')).length;
    expect(moved).toBe(4 + 2);
    await c.streams.close();
    await until(() => expect(logs.slice(0, 2).map((log) => openOf(log).length)).toEqual([4, 4]));
    expect(new Set(logs.slice(0, 2).flatMap(openOf)).size).toBe(8);
  });

  test('go on without a gap when one closes and comes back', async () => {
    const topics = await createTopics(witness, 4);
    const options = { sessionTimeoutMs: 45_000 };
    const stays = create(countsTopology({ topics }), options);
    let goes = create(countsTopology({ topics }), options);
    await Promise.all([stays.streams.start(), goes.streams.start()]);
    await sendIds(witness, topics.input, 0, 1000);
    await untilRunning(stays, goes);
    await goes.streams.close();
    // Its tasks are taken over at once: nobody waits for its session of 45 s to end.
    await sendIds(witness, topics.input, 1000, 2000);
    const began = performance.now();
    await untilCommitted(topics.input);
    expect(performance.now() - began).toBeLessThan(30_000);
    goes = create(countsTopology({ topics }), options);
    await goes.streams.start();
    await sendIds(witness, topics.input, 2000, 3000);
    await untilCommitted(topics.input);
    await Promise.all([stays, goes].map(({ streams }) => streams.close()));
    expect(await judge(witness, topics, 3000)).toEqual(faultless);
  });

  test('one that fails leaves the group, and the other takes its tasks over', async () => {
    const input = await witness.createTopic(uniqueName('in'), 2);
    const output = await witness.createTopic(uniqueName('out'), 2);
    const options = { sessionTimeoutMs: 45_000 };
    const weak = create(
      copying(input, output, (value) => value === 'heavy'),
      options,
    );
    await weak.streams.start();
    await untilRunning(weak);
    await witness.send(
      input,
      [0, 1].map((partition) => ({ key: 'k', value: 'light', partition })),
    );
    await untilCommitted(input);
    await witness.send(
      input,
      [0, 1].map((partition) => ({ key: 'k', value: 'heavy', partition })),
    );
    await until(() => expect(weak.streams.state).toBe('ERROR'));
    expect(weak.streams.isHealthy()).toBe(false);
    expect(weak.errors[0]).toMatch(/^processing of .* at offset \d+: cannot take heavy$/);
    const strong = create(copying(input, output), options);
    await strong.streams.start();
    const began = performance.now();
    await untilCommitted(input);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect((await valuesIn(output)).map(String).toSorted()).toEqual(['heavy', 'heavy', 'light', 'light']);
  });
});

describe('what the broker refuses', () => {
  test('a record that is too large for its topic stops the application, with topic and remedy', async () => {
    const input = await witness.createTopic(uniqueName('in'), 1);
    const output = await witness.createTopic(uniqueName('out'), 1, { 'max.message.bytes': '2000' });
    const app = create(copying(input, output));
    await app.streams.start();
    await witness.send(input, [{ key: 'k', value: 'x'.repeat(10_000) }]);
    await until(() => expect(app.streams.state).toBe('ERROR'));
    expect(app.errors[0]).toContain(
      `producing to ${output}-0: MESSAGE_TOO_LARGE; write smaller values, or raise`,
    );
    expect(await witness.committedOffsets(applicationId, input)).toEqual([-1]);
  });

  test('a topic chosen by record that does not exist stops the application, and is named', async () => {
    const input = await witness.createTopic(uniqueName('in'), 1);
    const builder = new StreamsBuilder();
    builder.stream(input, strings).to(() => 'no-such-topic');
    const app = create(builder.build());
    await app.streams.start();
    await witness.send(input, [{ key: 'k', value: 'v' }]);
    await until(() => expect(app.streams.state).toBe('ERROR'));
    expect(app.errors[0]).toMatch(/at offset 0: topic no-such-topic does not exist; create it$/);
  });
});

test('an input that was deleted and made again is read from its beginning', async () => {
  const input = await witness.createTopic(uniqueName('in'), 1);
  const output = await witness.createTopic(uniqueName('out'), 1);
  const first = create(copying(input, output));
  await first.streams.start();
  await witness.send(
    input,
    [1, 2, 3, 4, 5].map((n) => ({ key: 'k', value: `${n}` })),
  );
  await untilCommitted(input);
  await first.streams.close();
  await witness.admin.deleteTopics({ topics: [input] });
  await until(async () => expect(await witness.admin.listTopics()).not.toContain(input));
  await witness.createTopic(input, 1);
  await witness.send(input, [{ key: 'k', value: 'new' }]);
  const second = create(copying(input, output));
  await second.streams.start();
  await until(async () => expect(await valuesIn(output)).toEqual(['1', '2', '3', '4', '5', 'new']));
});

test('an input that ends before what is committed is read from its beginning, and that is said', async () => {
  const input = await witness.createTopic(uniqueName('in'), 1);
  const output = await witness.createTopic(uniqueName('out'), 1);
  await witness.send(input, [{ key: 'k', value: 'v' }]);
  const partitions = [{ partition: 0, offset: '100' }];
  await witness.admin.setOffsets({ groupId: applicationId, topic: input, partitions });
  const app = create(copying(input, output));
  await app.streams.start();
  await until(async () => expect(await valuesIn(output)).toEqual(['v']));
  expect(app.lines.join()).toContain(`${input}-0 ends at 1, and 100 was committed: it is a new topic`);
});

test('input that was deleted before it was read is skipped, and said', async () => {
  const input = await witness.createTopic(uniqueName('in'), 1);
  const output = await witness.createTopic(uniqueName('out'), 1);
  const first = create(copying(input, output));
  await first.streams.start();
  await witness.send(input, [{ key: 'k', value: '0' }]);
  await untilCommitted(input);
  await first.streams.close();
  await witness.send(
    input,
    [1, 2, 3].map((n) => ({ key: 'k', value: `${n}` })),
  );
  await witness.admin.deleteTopicRecords({ topic: input, partitions: [{ partition: 0, offset: '3' }] });
  const second = create(copying(input, output));
  await second.streams.start();
  await until(async () => expect(await valuesIn(output)).toEqual(['0', '3']));
});

test('values of any serde go through', async () => {
  const input = await witness.createTopic(uniqueName('in'), 1);
  const output = await witness.createTopic(uniqueName('out'), 1);
  const builder = new StreamsBuilder();
  builder
    .stream(input, { key: stringSerde, value: jsonSerde<{ n: number }>() })
    .mapValues(({ n }) => ({ n: n + 1 }), { value: jsonSerde() })
    .to(output);
  const app = create(builder.build());
  await app.streams.start();
  await witness.send(input, [{ key: 'k', value: '{"n":1}' }]);
  await untilCommitted(input);
  expect(await valuesIn(output)).toEqual(['{"n":2}']);
});

test('a busy partition does not wait for records of an idle one', async () => {
  const input = await witness.createTopic(uniqueName('in'), 2);
  const value = 'x'.repeat(20_000);
  for (let sent = 0; sent < 4_000; sent += 40) {
    await witness.send(
      input,
      Array.from({ length: 40 }, () => ({ key: 'k', value, partition: 0 })),
    );
  }
  const builder = new StreamsBuilder();
  builder.stream(input, strings).foreach(() => {});
  // A fetch brings 50 records. While they wait, the idle partition is asked alone: 80 times in all.
  const app = create(builder.build(), { maxBufferedRecords: 10 });
  await app.streams.start();
  await untilRunning(app);
  const began = performance.now();
  await untilCommitted(input);
  expect(performance.now() - began).toBeLessThan(15_000);
}, 90_000);
