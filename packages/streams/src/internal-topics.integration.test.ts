// Internal topics on a broker that cleans up eagerly: state of old events stays as long as stream time needs
// it, and what nobody will read again goes.
import { startBroker, type LocalServer } from '@activity/testbed';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { tumbling } from './dsl/windows.ts';
import { numberSerde, stringSerde } from './api/serde.ts';
import { createStreams } from './start.ts';
import type { Streams } from './streams.ts';
import { lagOf } from './testing-support/counts-run.ts';
import { topicsOf } from './testing-support/kill-run.ts';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const minute = 60_000;
const day = 86_400_000;
const longAgo = Date.UTC(2020, 0, 1, 12);

let broker: LocalServer;
let witness: Witness;
let applicationId = '';
let topics = { input: '', copies: '', counts: '' };

beforeAll(async () => {
  // Topics that are compacted and deleted are looked after by the cleaner.
  const config = { 'log.cleaner.backoff.ms': '200', 'log.initial.task.delay.ms': '200' };
  broker = await startBroker({ config });
  witness = await connectWitness(broker.address);
});

afterAll(async () => {
  await witness[Symbol.asyncDispose]();
  await broker.stop();
});

beforeEach(async () => {
  applicationId = uniqueName('cleaned');
  const forever = { 'retention.ms': '-1' };
  const [input, copies, counts] = await Promise.all(
    ['input', 'copies', 'counts'].map((name) => witness.createTopic(uniqueName(name), 1, forever)),
  );
  topics = { input: input ?? '', copies: copies ?? '', counts: counts ?? '' };
});

/** Passes each value once a day, and counts its copies by value and minute behind a repartition topic. */
function topology(): Topology {
  const builder = new StreamsBuilder();
  const input = builder.stream(topics.input, strings);
  input.dedupe({ by: (value) => value, within: '1d' }).to(topics.copies);
  input
    .groupBy((_key, value) => value, strings)
    .windowedBy(tumbling({ size: '1m', grace: '1h' }))
    .count({ store: 'copies' })
    .toStream()
    .map(({ key, start }, count = 0): [string, number] => [`${key}@${(start - longAgo) / minute}`, count])
    .to(topics.counts, { key: stringSerde, value: numberSerde });
  return builder.build();
}

/**
 * Runs the application, its state in memory, until it has processed everything, and then as long as it is
 * asked to.
 */
async function run(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  const streams: Streams = createStreams({
    applicationId,
    topology: topology(),
    brokers: [broker.address],
    commitIntervalMs: 30,
    purgeIntervalMs: 100,
  });
  await streams.start();
  try {
    await vi.waitFor(
      async () => {
        expect(streams.state).toBe('RUNNING');
        const own = await topicsOf(witness, applicationId, topics.input);
        expect(await lagOf(witness, applicationId, own)).toBe(0);
      },
      { timeout: 30_000, interval: 20 },
    );
    await meanwhile();
  } finally {
    await streams.close();
  }
}

/** Where the topics that the application made for itself begin, by what they are for. */
async function beginnings(): Promise<{ [topic: string]: number }> {
  const own = (await witness.admin.listTopics()).filter((topic) => topic.startsWith(applicationId));
  const found = await Promise.all(
    own.map(async (topic) => {
      const [offsets] = await witness.admin.fetchTopicOffsets(topic);
      return [topic.slice(applicationId.length + 1), Number(offsets?.low)] as const;
    }),
  );
  return Object.fromEntries(found);
}

async function committed(topic: string): Promise<string[]> {
  return (await witness.readCommitted(topic)).map(({ key, value }) => `${key}=${value}`);
}

test('state of old events outlives the broker’s clean-ups, and is restored', async () => {
  const events = ['a', 'b', 'c'].map((value, i) => ({ key: 'k', value, timestamp: longAgo + i * 1000 }));
  await witness.send(topics.input, events);
  // Long enough for many looks at what has passed its retention.
  await run(() => new Promise((resolve) => setTimeout(resolve, 1500)));
  await witness.send(topics.input, [...events, { key: 'k', value: 'd', timestamp: longAgo + 5000 }]);
  await run();
  expect(await committed(topics.copies)).toEqual(['k=a', 'k=b', 'k=c', 'k=d']);
  expect(await committed(topics.counts)).toEqual([
    'a@0=1',
    'b@0=1',
    'c@0=1',
    'a@0=2',
    'b@0=2',
    'c@0=2',
    'd@0=1',
  ]);
});

test('what has expired by stream time, and what was read from repartition topics, is deleted', async () => {
  const at = (value: string, time: number): { key: string; value: string; timestamp: number } => ({
    key: 'k',
    value,
    timestamp: longAgo + time,
  });
  await witness.send(topics.input, [
    at('a', 0),
    at('b', minute),
    at('c', 3 * day),
    at('d', 3 * day + minute),
  ]);
  await run(async () => {
    const all = await beginnings();
    expect(Object.keys(all)).toHaveLength(3);
    await vi.waitFor(
      async () => {
        const now = Object.values(await beginnings()).toSorted((x, y) => x - y);
        // Of both changelogs the two old entries (with a transaction's mark, where one came between), of the
        // repartition topic everything.
        expect(now[0]).toBeGreaterThanOrEqual(2);
        expect(now[2]).toBeGreaterThanOrEqual(4);
      },
      { timeout: 10_000, interval: 50 },
    );
  });
  await witness.send(topics.input, [at('c', 3 * day + 2 * minute), at('a', 3 * day + 2 * minute)]);
  await run();
  // a was forgotten after a day, as it should be; c was not.
  expect(await committed(topics.copies)).toEqual(['k=a', 'k=b', 'k=c', 'k=d', 'k=a']);
  expect((await committed(topics.counts)).slice(-2)).toEqual(['c@4322=1', 'a@4322=1']);
});

test('many transactions of old events: their markers, which have the time of today, are not in the way', async () => {
  await run(async () => {
    for (let passed = 0; passed < 8; passed++) {
      await witness.send(topics.input, [
        { key: 'k', value: `v${passed}`, timestamp: longAgo + passed * day },
      ]);
      await vi.waitFor(async () => expect(await lagOf(witness, applicationId, [topics.input])).toBe(0), {
        timeout: 10_000,
        interval: 20,
      });
    }
    const deduped = Object.keys(await beginnings()).find((name) => /dedupe/i.test(name)) ?? '';
    // Each transaction has an entry and a marker; those of the last two or three days are of use.
    await vi.waitFor(async () => expect((await beginnings())[deduped]).toBeGreaterThanOrEqual(8), {
      timeout: 10_000,
      interval: 50,
    });
  });
  // What is left is enough: the last event is a duplicate, the first is not any more.
  await witness.send(topics.input, [
    { key: 'k', value: 'v7', timestamp: longAgo + 7 * day + minute },
    { key: 'k', value: 'v0', timestamp: longAgo + 7 * day + minute },
  ]);
  await run();
  expect((await committed(topics.copies)).slice(-2)).toEqual(['k=v7', 'k=v0']);
});
