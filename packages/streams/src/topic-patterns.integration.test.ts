// Sources that read the topics of a pattern, on a real broker.
import { servers } from '@activity/testbed/testing';
import { uniqueName } from '@activity/kafka/testing';
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
