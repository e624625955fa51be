// Steps that await: where their results are passed on, by which clocks, and in which commits.
import { describe, expect, test } from 'vitest';
import type { AsyncProcessor } from '../api/async-processor.ts';
import type { ProcessorContext } from '../api/processor.ts';
import { numberSerde, stringSerde } from '../api/serde.ts';
import { tumbling } from '../dsl/windows.ts';
import type { CallCounts } from '../runtime/step-calls.ts';
import { held, start, values } from '../testing-support/async-driver.ts';
import { HeldCalls } from '../testing-support/held-calls.ts';
import { strings } from '../testing-support/oracles.ts';

describe('the place of a record', () => {
  test('is its own where its result is passed on: position, event time, and stream time', async () => {
    const seen: unknown[] = [];
    const calls = new HeldCalls();
    const { driver, out } = start((input) =>
      input.mapValuesAsync(calls.make, { value: stringSerde }).process(
        () => {
          let context: ProcessorContext<string, string>;
          return {
            init(given) {
              context = given;
            },
            process(record) {
              seen.push([record.value, record.timestamp, context.streamTime, context.position()?.offset]);
              context.forward(record);
            },
          };
        },
        { ...strings },
      ),
    );
    const input = driver.input('in', strings);
    input.pipe('a', 'a', 5);
    input.pipe('b', 'b', 1_000_000);
    calls.answer('b');
    calls.answer('a');
    await driver.settle();
    expect(seen).toEqual([
      ['b!', 1_000_000, 1_000_000, 1],
      ['a!', 5, 5, 0],
    ]);
    expect(out()).toEqual(['b!', 'a!']);
  });

  test('so no window downstream is late for a record that waited', async () => {
    const calls = new HeldCalls();
    const late: string[] = [];
    const { driver, out } = start((input) =>
      input
        .mapValuesAsync(calls.make, { value: stringSerde })
        .groupByKey()
        .windowedBy(tumbling({ size: '1m', grace: 0 }))
        .count({ onLate: (records) => records.foreach((_key, value) => late.push(value)) })
        .toStream()
        .map(({ key, start: at }, n) => [key, `${key}@${at}: ${n}`] as const, strings),
    );
    const input = driver.input('in', strings);
    for (let minute = 0; minute < 100; minute++) input.pipe(`k${minute % 50}`, `${minute}`, minute * 60_000);
    while (driver.callsInFlight > 0) {
      for (const call of calls.open.toReversed()) call.resolve(call.value);
      await driver.settle();
    }
    expect(late).toEqual([]);
    expect(out().length).toBe(100);
  });
});

describe('commits', () => {
  test('wait for calls that are made for what steps hold back until the commit', async () => {
    const calls = new HeldCalls();
    const more = new HeldCalls();
    const { driver, pipe, out } = start((input) =>
      input
        .coalesce()
        .mapValuesAsync(calls.make, { value: stringSerde })
        .coalesce()
        .mapValuesAsync(more.make, { value: stringSerde }),
    );
    pipe('a1');
    expect(values(calls)).toEqual(['a1']);
    // The commit is being prepared: what comes now is of the next one.
    pipe('a2');
    calls.answer('a1');
    await driver.settle();
    expect(values(more)).toEqual(['a1!']);
    more.answer('a1!');
    await driver.settle();
    expect(out()).toEqual(['a1!!']);
    expect(values(calls)).toEqual(['a2']);
  });

  test('a crash, an abort and a rebalance abandon calls, and the records are called for again', async () => {
    const { driver, pipe, out, calls } = held();
    pipe('a', 'b');
    for (const happen of ['abort', 'crash', 'rebalance'] as const) {
      const before = calls.open.map(({ call }) => call.signal);
      expect(before.map(({ aborted }) => aborted)).toEqual([false, false]);
      driver[happen]();
      expect(before.map(({ aborted }) => aborted)).toEqual([true, true]);
      driver.process();
    }
    calls.answer('b');
    calls.answer('a');
    await driver.settle();
    expect(out()).toEqual(['b!', 'a!']);
  });

  test('a commit does not begin while calls are in flight', () => {
    const { driver, pipe } = held();
    pipe('a');
    expect(() => driver.beginCommit()).toThrow('await driver.settle()');
  });
});

describe('processAsync', () => {
  interface Options {
    forwardInCall?: boolean;
  }

  function summing({ forwardInCall = false }: Options): ReturnType<typeof start> {
    return start((input, builder) => {
      const sums = builder.addStore({ name: 'sums', kind: 'keyValue', key: stringSerde, value: numberSerde });
      return input.processAsync<number, string, string>(
        (): AsyncProcessor<string, string, number, string, string> => {
          let context: ProcessorContext<string, string>;
          return {
            init(given) {
              context = given;
            },
            async call({ value }) {
              await Promise.resolve();
              if (forwardInCall) context.forward({ key: 'x', value, timestamp: 0, headers: [] });
              return value.length;
            },
            process(record, length) {
              const store = context.keyValueStore<string, number>('sums');
              const sum = (store.get(record.key) ?? 0) + length;
              store.put(record.key, sum, record.timestamp);
              context.forward({ ...record, value: `${sum}` });
            },
            failed: (record, error) => context.forward({ ...record, value: error.message }),
          };
        },
        { stores: [sums], retries: 0, ...strings },
      );
    });
  }

  test('processes what its calls have returned with its stores', async () => {
    const { driver, pipe, out } = summing({});
    pipe('ab', 'abc', 'b');
    await driver.settle();
    expect(out()).toEqual(['2', '1', '5']);
  });

  test('may not forward while it is called', async () => {
    const { driver, pipe, out } = summing({ forwardInCall: true });
    pipe('ab');
    await driver.settle();
    expect(out()).toEqual([
      'step KSTREAM-PROCESS-ASYNC-0000000001 forwards while its call is awaited; return what is to be forwarded, and forward it in process()',
    ]);
  });
});

test('metrics count calls, retries, failures and their time', async () => {
  const counts: CallCounts[] = [];
  const calls = new HeldCalls();
  const { driver, pipe } = start(
    (input) =>
      input.mapValuesAsync(calls.make, {
        value: stringSerde,
        retries: 1,
        backoff: { from: 0, to: 0 },
        onFailed: (failed) => failed.foreach(() => {}),
      }),
    { metrics: { called: (_task, _step, of) => counts.push(of) } },
  );
  pipe('a', 'b');
  calls.answer('b');
  calls.open[0]?.reject(new Error('no'));
  await driver.settle();
  driver.advanceWallClock(0);
  calls.open[0]?.reject(new Error('no'));
  await driver.settle();
  const sum = (of: 'succeeded' | 'failed' | 'retried'): number => counts.reduce((n, one) => n + one[of], 0);
  expect([sum('succeeded'), sum('failed'), sum('retried')]).toEqual([1, 1, 1]);
  expect(counts.at(-1)?.inFlight).toBe(0);
});
