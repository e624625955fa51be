// As exactly-once.test.ts: steps that await against a naive oracle. Calls settle in any order, fail and are
// retried, between records, commits, aborts, crashes and rebalances.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkAsyncProperty } from '@activity/kafka/testing';
import { numberSerde, stringSerde } from '../api/serde.ts';
import type { AsyncOptions } from '../api/async-processor.ts';
import type { Topology } from '../topology/topology.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { faults, playAsync, type Fault } from '../testing/play.ts';
import { HeldCalls, type HeldCall } from '../testing-support/held-calls.ts';
import { besideItsSource, build, strings } from '../testing-support/oracles.ts';

interface Piped {
  readonly key: string;
  readonly value: string;
}

/** Settles one of the open calls, chosen by a number. */
interface Settled {
  readonly which: number;
  readonly fails: boolean;
}

type Event = Piped | Settled | { readonly turnMs: number } | Fault;

const keys = ['a', 'b', 'c', 'd'];
const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ key: fc.constantFrom(...keys), value: fc.constantFrom('x', 'y') }) },
    { weight: 6, arbitrary: fc.record({ which: fc.nat(20), fails: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ turnMs: fc.nat(60) }) },
    { weight: 4, arbitrary: fc.constantFrom<Fault>(...faults, 'process', 'process', 'begin', 'succeed') },
  ),
  { maxLength: 60, size: 'max' },
);
const settings = fc.record({
  maxInFlight: fc.integer({ min: 1, max: 6 }),
  order: fc.constantFrom<'key' | 'none'>('key', 'none'),
});

/** What a call makes of a value. */
const answered = (value: string): string => `${value}!`;

/** Plays a history; returns what was committed to `out` and to `counts`, by key. */
async function run(
  topology: Topology,
  calls: readonly HeldCalls[],
  history: readonly Event[],
): Promise<{ out: Map<string, string[]>; counts: Map<string, number[]> }> {
  const driver = new TopologyTestDriver(topology, { partitions: 2, commits: 'manual' });
  const input = driver.input('in', strings);
  let time = 0;
  const finish = (call: HeldCall | undefined, fails: boolean): void =>
    fails ? call?.reject(new Error('no')) : call?.resolve(answered(call.value));
  await playAsync(
    driver,
    history,
    (event) => {
      if ('turnMs' in event) {
        driver.advanceWallClock(event.turnMs);
      } else if ('which' in event) {
        const open = calls.flatMap((one) => one.open);
        finish(open[event.which % Math.max(1, open.length)], event.fails);
      } else {
        const value = `${event.value}${time}`;
        input.pipe(event.key, value, time++, { partition: keys.indexOf(event.key) % 2 });
      }
    },
    () => {
      for (const call of calls.flatMap((one) => one.open)) finish(call, false);
      driver.advanceWallClock(50);
    },
  );
  const byKey = <T>(records: { key: string | undefined; value: T | undefined }[]): Map<string, T[]> => {
    const lists = new Map<string, T[]>();
    for (const { key = '', value } of records) lists.set(key, [...(lists.get(key) ?? []), value as T]);
    return lists;
  };
  return {
    out: byKey(driver.output('out', strings).readAll()),
    counts: byKey(driver.output('counts', { key: stringSerde, value: numberSerde }).readAll()),
  };
}

function expected(history: readonly Event[], make: (value: string) => string): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  let time = 0;
  for (const event of history) {
    if (typeof event === 'string' || !('key' in event)) continue;
    lists.set(event.key, [...(lists.get(event.key) ?? []), make(`${event.value}${time++}`)]);
  }
  return lists;
}

const sorted = (lists: Map<string, string[]>): Map<string, string[]> =>
  new Map([...lists].map(([key, values]) => [key, values.toSorted()]));

const patient: AsyncOptions = { retries: 1_000, timeout: '1h', backoff: { from: 20, to: 50 } };

test('every result once, in the order of its key, with the counts before and after the step', async () => {
  await checkAsyncProperty(
    fc.asyncProperty(events, settings, async (history, given) => {
      const calls = new HeldCalls();
      const topology = build((builder) => {
        const results = builder
          .stream('in', strings)
          // State before the step commits with the results too.
          .dedupe({ by: (value) => value, within: '1d' })
          .mapValuesAsync(calls.make, { value: stringSerde, ...patient, ...given });
        results.to('out', besideItsSource);
        results
          .groupByKey()
          .count()
          .toStream()
          .to('counts', { value: numberSerde, ...besideItsSource });
      });
      const { out, counts } = await run(topology, [calls], history);
      const wanted = expected(history, answered);
      const compared = given.order === 'key' ? (lists: typeof out): typeof out => lists : sorted;
      expect(compared(out)).toEqual(compared(wanted));
      expect(calls.most).toBeLessThanOrEqual(2 * given.maxInFlight);
      expect(given.order === 'key' ? [...calls.keysAtOnce] : []).toEqual([]);
      for (const [key, values] of wanted) expect(counts.get(key)).toEqual(values.map((_value, i) => i + 1));
    }),
  );
}, 300_000);

test('the same through two steps, with what is held back for the commit between them', async () => {
  await checkAsyncProperty(
    fc.asyncProperty(events, settings, async (history, given) => {
      const [first, second] = [new HeldCalls(), new HeldCalls()];
      const topology = build((builder) => {
        builder
          .stream('in', strings)
          .mapValuesAsync(first.make, { value: stringSerde, ...patient, ...given })
          .groupByKey()
          .count({ emit: 'commit' })
          .toStream()
          .mapValues((n) => `${n}`, { value: stringSerde })
          .mapValuesAsync(second.make, { value: stringSerde, ...patient, ...given })
          .to('out', besideItsSource);
      });
      const { out } = await run(topology, [first, second], history);
      for (const [key, values] of expected(history, answered)) {
        const counted = (out.get(key) ?? []).map((text) => Number(text.slice(0, -1)));
        // Counts only grow, and the last one has all records in it.
        expect(counted).toEqual([...new Set(counted)].toSorted((a, b) => a - b));
        expect(counted.at(-1)).toBe(values.length);
      }
    }),
  );
}, 300_000);
