// Sources that read the topics of a pattern, on a real broker.
import { createKafka } from '@activity/kafka';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName } from '@activity/kafka/testing';
import { expect, test } from 'vitest';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { runningApps, strings, until } from './testing-support/running-apps.ts';
import type { Topology } from './topology/topology.ts';

const apps = runningApps(() => servers().kafka);

function counting(prefix: string, output: string): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(new RegExp(`^${prefix}-`), strings)
    .groupBy((_key, value) => value, { ...strings, name: 'by-value' })
    .count({ store: 'counts' })
    .toStream()
    .to(output);
  return builder.build();
}

async function lastCounts(topic: string): Promise<Record<string, unknown>> {
  const records = await apps.witness.readCommitted(topic);
  return Object.fromEntries(records.map(({ key, value }) => [key, value]));
}

test('topics that are made later are read by all members, and no count changes', async () => {
  const [prefix, output] = [uniqueName('pattern'), uniqueName('out')];
  await apps.witness.createTopic(output, 2);
  const topology = counting(prefix, output);
  // Nothing is matched when they start: there are no tasks, and no internal topics.
  const all = [1, 2].map(() => apps.create(topology, { metadataMaxAgeMs: 300 }));
  await Promise.all(all.map(({ streams }) => streams.start()));
  await apps.untilRunning(...all);
  const send = async (topic: string, partitions: number): Promise<void> => {
    await apps.witness.createTopic(`${prefix}-${topic}`, partitions);
    const records = Array.from({ length: 20 }, (_, n) => ({ key: `k${n}`, value: `v${n % 2}` }));
    await apps.witness.send(`${prefix}-${topic}`, records);
  };
  await send('a', 2);
  await until(async () => expect(await lastCounts(output)).toEqual({ v0: '10', v1: '10' }));
  // With fewer partitions than there are tasks.
  await send('b', 1);
  await until(async () => expect(await lastCounts(output)).toEqual({ v0: '20', v1: '20' }));
  expect(all.flatMap(({ errors }) => errors)).toEqual([]);
}, 120_000);

test('a topic that two patterns match ends the application with the remedy', async () => {
  const [prefix, output] = [uniqueName('both'), uniqueName('out')];
  await apps.witness.createTopic(output, 1);
  const builder = new StreamsBuilder();
  builder.stream(new RegExp(`^${prefix}`), strings).to(output);
  builder.stream(new RegExp(`${prefix}-x$`), strings).to(output);
  const app = apps.create(builder.build(), { metadataMaxAgeMs: 300 });
  await app.streams.start();
  await apps.untilRunning(app);
  await apps.witness.createTopic(`${prefix}-x`, 1);
  await until(() => expect(app.streams.state).toBe('ERROR'));
  expect(app.errors.join()).toContain('make one of them narrower');
});

/** Writes records by a client of its own, which does not ask for the topic afterwards. */
async function write(topic: string, values: readonly string[], partition = 0): Promise<void> {
  await using writer = await connectWitness(servers().kafka);
  await writer.send(
    topic,
    values.map((value) => ({ key: 'k', value, partition })),
  );
}

async function sortedIn(topic: string): Promise<string[]> {
  return (await apps.valuesIn(topic)).map(String).toSorted();
}

function copyingAll(prefix: string, output: string): Topology {
  const builder = new StreamsBuilder();
  builder.stream(new RegExp(`^${prefix}-`), strings).to(output);
  return builder.build();
}

test('a matched topic that is deleted is read no more, the others are; made again, it is read from its beginning', async () => {
  const [prefix, output] = [uniqueName('deleted'), uniqueName('out')];
  await apps.witness.createTopic(output, 1);
  const kafka = createKafka({ brokers: [servers().kafka], clientId: 'test' });
  const [a, b] = [`${prefix}-a`, `${prefix}-b`];
  const make = (name: string, partitions: number): Promise<void> =>
    kafka.createTopics([{ name, partitions, replicationFactor: 1, config: {} }]);
  for (const topic of [a, b]) await make(topic, 2);
  await write(a, ['a0', 'a1']);
  await write(b, ['b0']);
  const all = [1, 2].map(() => apps.create(copyingAll(prefix, output), { metadataMaxAgeMs: 300 }));
  await Promise.all(all.map(({ streams }) => streams.start()));
  await apps.untilRunning(...all);
  await until(async () => expect(await sortedIn(output)).toEqual(['a0', 'a1', 'b0']));

  await kafka.deleteTopics([a]);
  const deletedAt = performance.now();
  await write(b, ['b1'], 1);
  await until(async () => expect(await apps.valuesIn(output)).toContain('b1'));
  const read = async (): Promise<string[]> => {
    const figures = await Promise.all(all.map(({ streams }) => streams.figures()));
    return [...new Set(figures.flatMap(({ topics }) => topics.map(({ topic }) => topic)))].toSorted();
  };
  await until(async () => expect(await read()).toEqual([b]));
  // Nobody waits for the topic to come back.
  expect(performance.now() - deletedAt).toBeLessThan(15_000);
  await apps.untilRunning(...all);

  await make(a, 2);
  await write(a, ['a2']);
  await write(b, ['b2']);
  await until(async () => expect(await sortedIn(output)).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2']));
  expect(all.flatMap(({ errors }) => errors)).toEqual([]);
  await kafka.close();
}, 120_000);

test('partitions that are added to a matched topic are read; with state behind them the application ends', async () => {
  const [prefix, output, counts] = [uniqueName('added'), uniqueName('out'), uniqueName('counts')];
  for (const topic of [output, counts]) await apps.witness.createTopic(topic, 1);
  await apps.witness.createTopic(`${prefix}-a`, 1);
  await write(`${prefix}-a`, ['x']);
  const builder = new StreamsBuilder();
  builder
    .stream(new RegExp(`^${prefix}-`), strings)
    .groupByKey()
    .count({ store: 'counts' });
  const options = { metadataMaxAgeMs: 300 };
  const copies = apps.create(copyingAll(prefix, output), options);
  const counted = apps.create(builder.build(), { ...options, applicationId: uniqueName('counting') });
  await Promise.all([copies, counted].map(({ streams }) => streams.start()));
  await apps.untilRunning(copies, counted);
  await apps.witness.admin.createPartitions({ topicPartitions: [{ topic: `${prefix}-a`, count: 3 }] });
  await write(`${prefix}-a`, ['y'], 2);
  await until(async () => expect(await apps.valuesIn(output)).toEqual(['x', 'y']));
  await until(() => expect(counted.streams.state).toBe('ERROR'));
  expect(counted.errors.join()).toContain('reset the application or start it under another id');
  expect(copies.errors).toEqual([]);
}, 120_000);
