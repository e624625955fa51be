// Steps that await on a stream thread: commits wait for calls, and stuck calls hold nothing up for ever.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { AsyncOptions } from '../../api/async-processor.ts';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { besideItsSource } from '../../testing-support/oracles.ts';
import { closeThreads, refusing, startThread, until } from '../../testing-support/thread-on-log.ts';
import type { Topology } from '../../topology/topology.ts';

afterEach(closeThreads);

const strings = { key: stringSerde, value: stringSerde };
const values = (n: number, prefix = 'v'): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

function topologyOf(
  call: (value: string, signal: AbortSignal) => Promise<string>,
  options: AsyncOptions = {},
  declare: (builder: StreamsBuilder) => void = () => {},
): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .mapValuesAsync((value, _key, { signal }) => call(value, signal), { value: stringSerde, ...options })
    .to('out', besideItsSource);
  declare(builder);
  return builder.build();
}

test('thousands of records, each result once, with hundreds in flight', async () => {
  let [open, most] = [0, 0];
  const topology = topologyOf(
    async (value) => {
      most = Math.max(most, ++open);
      await sleep(5);
      open--;
      return `${value}!`;
    },
    { maxInFlight: 500 },
  );
  const { values: read, lines } = startThread({ topology, inputs: [values(5_000)] });
  await until(() => read('out').length >= 5_000, lines);
  expect(read('out').toSorted()).toEqual(
    values(5_000)
      .map((value) => `${value}!`)
      .toSorted(),
  );
  expect(most).toBeGreaterThan(100);
  expect(most).toBeLessThanOrEqual(500);
});

test('a task whose calls are stuck holds no other task up until a commit waits for it', async () => {
  const stuck = Promise.withResolvers<string>();
  const topology = topologyOf((value) => (value === 'stuck' ? stuck.promise : Promise.resolve(value)), {
    maxInFlight: 1,
  });
  const {
    values: read,
    lines,
    log,
  } = startThread({
    topology,
    inputs: [['stuck', 'after'], values(100)],
    settings: { commitIntervalMs: 60_000, maxCommitIntervalMs: 60_000, maxUncommittedRecords: 101 },
  });
  // The commit is due once 101 records are processed: all others, and the one that is stuck.
  await sleep(300);
  expect(log.committed()).toEqual([]);
  stuck.resolve('free');
  await until(() => read('out', 1).length === 100, lines);
  expect(read('out', 0)[0]).toBe('free');
});

test('a call that never settles fails after its timeouts, and the commit goes on', async () => {
  let aborted = 0;
  const topology = topologyOf(
    (value, signal) => {
      if (value !== 'v3') return Promise.resolve(value);
      signal.addEventListener('abort', () => aborted++);
      return new Promise(() => {});
    },
    { timeout: 30, retries: 1, backoff: { from: 1, to: 1 } },
  );
  const { values: read, lines } = startThread({
    topology,
    inputs: [values(6)],
    failures: { onFailure: { processing: 'deadLetter' }, deadLetterTopic: 'dead' },
  });
  await until(() => read('dead').length === 1 && read('out').length === 5, lines);
  expect(read('dead')).toEqual(['v3']);
  expect(aborted).toBe(2);
});

test('closing waits for calls no longer than for a rebalance, and aborts them', async () => {
  let signal: AbortSignal | undefined;
  const topology = topologyOf((_value, given) => {
    signal = given;
    return new Promise(() => {});
  });
  const { thread, lines, log } = startThread({
    topology,
    inputs: [['a']],
    settings: { rebalanceTimeoutMs: 100 },
  });
  await until(() => signal !== undefined, lines);
  await thread.close();
  expect(signal?.aborted).toBe(true);
  expect(log.committed()).toEqual([]);
  expect(lines.join()).toContain('the last commit failed; its records will be processed again');
});

describe('records that fail', () => {
  test('what comes before a record that ends the application is committed', async () => {
    const topology = topologyOf(
      async (value) => {
        await sleep(1);
        if (value === 'v50') throw new Error('poison');
        return value;
      },
      { retries: 0 },
    );
    const { values: read, lines, errors, log } = startThread({ topology, inputs: [values(100)] });
    await until(() => errors.length > 0, lines);
    expect(errors[0]?.message).toContain('processing of in-0 at offset 50: poison');
    expect(read('out').toSorted()).toEqual(values(50).toSorted());
    expect(log.committed().map(({ offset }) => offset)).toEqual([50]);
  });

  test('a result that the broker refuses is found, and the others are committed', async () => {
    const topology = topologyOf(async (value) => {
      await sleep(1);
      return value;
    });
    const { values: read, lines } = startThread({
      topology,
      inputs: [values(100)],
      refuse: refusing('out', (value) => value === 'v42', 'content'),
      failures: { onFailure: { production: 'deadLetter' }, deadLetterTopic: 'dead' },
    });
    await until(() => read('out').length === 99 && read('dead').length === 1, lines);
    expect(read('dead')).toEqual(['v42']);
  });
});
