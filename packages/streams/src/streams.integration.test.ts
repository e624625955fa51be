// Whole applications on a real broker: starting, sharing, leaving, failing, going on.
import { servers } from '@activity/testbed/testing';
import { uniqueName } from '@activity/kafka/testing';
import { describe, expect, test } from 'vitest';
import { jsonSerde, stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { noMetrics } from './runtime/metrics.ts';
import { createTopics, faultless, judge, sendIds } from './testing-support/counts-run.ts';
import { copying, runningApps, strings, until, type RunningApp } from './testing-support/running-apps.ts';
import { type Topology } from './topology/topology.ts';
import countsTopology from './testing-support/counts-topology.ts';

const apps = runningApps(() => servers().kafka);

describe('an application', () => {
  test('counts exactly once, reports its states, and makes its own topics', async () => {
    const topics = await createTopics(apps.witness, 4);
    const app = apps.create(countsTopology({ topics }));
    expect([app.streams.state, app.streams.isReady(), app.streams.isHealthy()]).toEqual([
      'CREATED',
      false,
      true,
    ]);
    await app.streams.start();
    await sendIds(apps.witness, topics.input, 0, 3000);
    await apps.untilRunning(app);
    expect(app.streams.isReady()).toBe(true);
    await apps.untilCommitted(topics.input);
    await app.streams.close();
    await app.streams.close();
    // Only now: reading a topic whole leaves a mark in it, the input too.
    expect(await judge(apps.witness, topics, 3000)).toEqual(faultless);
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
    const own = (await apps.witness.admin.listTopics()).filter((topic) =>
      topic.startsWith(`${apps.applicationId}-`),
    );
    const { topics: described } = await apps.witness.admin.fetchTopicMetadata({ topics: own });
    expect(described.map(({ partitions }) => partitions.length)).toEqual(own.map(() => 4));
    const names = own.map((topic) => topic.replace(`${apps.applicationId}-`, '')).toSorted();
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
    const topics = await createTopics(apps.witness, 2);
    for (const [round, [from, to]] of [
      [0, 800],
      [800, 1600],
      [1600, 2000],
    ].entries()) {
      const restored: number[] = [];
      const metrics = { ...noMetrics, restored: (_t: string, _s: string, n: number) => restored.push(n) };
      const app = apps.create(countsTopology({ topics }), { metrics });
      await app.streams.start();
      await sendIds(apps.witness, topics.input, from ?? 0, to ?? 0);
      await apps.untilRunning(app);
      await apps.untilCommitted(topics.input);
      await app.streams.close();
      expect(restored.reduce((sum, n) => sum + n, 0) > 0).toBe(round > 0);
    }
    expect(await judge(apps.witness, topics, 2000)).toEqual(faultless);
  });

  test('lets its committed state be read', async () => {
    const topics = await createTopics(apps.witness, 3);
    const app = apps.create(countsTopology({ topics }));
    await app.streams.start();
    await sendIds(apps.witness, topics.input, 0, 1000);
    await apps.untilRunning(app);
    await apps.untilCommitted(topics.input);
    const digits = app.streams.store<string, number>('by-digit');
    expect(await digits.get('digit 7')).toBe(100);
    expect(await digits.get('digit x')).toBeUndefined();
  });

  test('sends what it cannot take to the dead letters, and goes on', async () => {
    const input = await apps.witness.createTopic(uniqueName('in'), 1);
    const output = await apps.witness.createTopic(uniqueName('out'), 1);
    const deadLetterTopic = await apps.witness.createTopic(uniqueName('dead'), 1);
    const app = apps.create(
      copying(input, output, (value) => value === 'bad'),
      {
        onFailure: { processing: 'deadLetter' },
        deadLetterTopic,
      },
    );
    await app.streams.start();
    await apps.witness.send(
      input,
      ['good', 'bad', 'better'].map((value) => ({ key: 'k', value })),
    );
    await apps.untilCommitted(input);
    expect(await apps.valuesIn(output)).toEqual(['good', 'better']);
    expect(await apps.valuesIn(deadLetterTopic)).toEqual(['bad']);
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
    const topic = await apps.witness.createTopic(uniqueName('shared'), 8);
    const logs: string[][] = [[], [], []];
    const [a, b, c] = logs.map((log) => apps.create(watched(topic, log))) as [
      RunningApp,
      RunningApp,
      RunningApp,
    ];
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
    const topics = await createTopics(apps.witness, 4);
    const options = { sessionTimeoutMs: 45_000 };
    const stays = apps.create(countsTopology({ topics }), options);
    let goes = apps.create(countsTopology({ topics }), options);
    await Promise.all([stays.streams.start(), goes.streams.start()]);
    await sendIds(apps.witness, topics.input, 0, 1000);
    await apps.untilRunning(stays, goes);
    await goes.streams.close();
    // Its tasks are taken over at once: nobody waits for its session of 45 s to end.
    await sendIds(apps.witness, topics.input, 1000, 2000);
    const began = performance.now();
    await apps.untilCommitted(topics.input);
    expect(performance.now() - began).toBeLessThan(30_000);
    goes = apps.create(countsTopology({ topics }), options);
    await goes.streams.start();
    await sendIds(apps.witness, topics.input, 2000, 3000);
    await apps.untilCommitted(topics.input);
    await Promise.all([stays, goes].map(({ streams }) => streams.close()));
    expect(await judge(apps.witness, topics, 3000)).toEqual(faultless);
  });

  test('one that fails leaves the group, and the other takes its tasks over', async () => {
    const input = await apps.witness.createTopic(uniqueName('in'), 2);
    const output = await apps.witness.createTopic(uniqueName('out'), 2);
    const options = { sessionTimeoutMs: 45_000 };
    const weak = apps.create(
      copying(input, output, (value) => value === 'heavy'),
      options,
    );
    await weak.streams.start();
    await apps.untilRunning(weak);
    await apps.witness.send(
      input,
      [0, 1].map((partition) => ({ key: 'k', value: 'light', partition })),
    );
    await apps.untilCommitted(input);
    await apps.witness.send(
      input,
      [0, 1].map((partition) => ({ key: 'k', value: 'heavy', partition })),
    );
    await until(() => expect(weak.streams.state).toBe('ERROR'));
    expect(weak.streams.isHealthy()).toBe(false);
    expect(weak.errors[0]).toMatch(/^processing of .* at offset \d+: cannot take heavy$/);
    const strong = apps.create(copying(input, output), options);
    await strong.streams.start();
    const began = performance.now();
    await apps.untilCommitted(input);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect((await apps.valuesIn(output)).map(String).toSorted()).toEqual([
      'heavy',
      'heavy',
      'light',
      'light',
    ]);
  });
});

test('values of any serde go through', async () => {
  const input = await apps.witness.createTopic(uniqueName('in'), 1);
  const output = await apps.witness.createTopic(uniqueName('out'), 1);
  const builder = new StreamsBuilder();
  builder
    .stream(input, { key: stringSerde, value: jsonSerde<{ n: number }>() })
    .mapValues(({ n }) => ({ n: n + 1 }), { value: jsonSerde() })
    .to(output);
  const app = apps.create(builder.build());
  await app.streams.start();
  await apps.witness.send(input, [{ key: 'k', value: '{"n":1}' }]);
  await apps.untilCommitted(input);
  expect(await apps.valuesIn(output)).toEqual(['{"n":2}']);
});

test('a busy partition does not wait for records of an idle one', async () => {
  const input = await apps.witness.createTopic(uniqueName('in'), 2);
  const value = 'x'.repeat(20_000);
  for (let sent = 0; sent < 4_000; sent += 40) {
    await apps.witness.send(
      input,
      Array.from({ length: 40 }, () => ({ key: 'k', value, partition: 0 })),
    );
  }
  const builder = new StreamsBuilder();
  builder.stream(input, strings).foreach(() => {});
  // A fetch brings 50 records. While they wait, the idle partition is asked alone: 80 times in all.
  const app = apps.create(builder.build(), { maxBufferedRecords: 10 });
  await app.streams.start();
  await apps.untilRunning(app);
  const began = performance.now();
  await apps.untilCommitted(input);
  expect(performance.now() - began).toBeLessThan(15_000);
}, 90_000);
