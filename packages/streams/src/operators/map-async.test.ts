// Steps that await, on the test driver: calls settle in any order.
import { describe, expect, test } from 'vitest';
import type { AsyncOptions } from '../api/async-processor.ts';
import { FatalError } from '../api/errors.ts';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { held, start, values } from '../testing-support/async-driver.ts';
import { HeldCalls } from '../testing-support/held-calls.ts';
import { strings } from '../testing-support/oracles.ts';

describe('order', () => {
  test('by key: one call of a key at a time, and the keys beside each other', async () => {
    const { driver, pipe, out, calls } = held();
    pipe('a1', 'a2', 'b1');
    expect(values(calls)).toEqual(['a1', 'b1']);
    calls.answer('b1');
    await driver.settle();
    // Nothing is committed while a call is in flight.
    expect(out()).toEqual([]);
    calls.answer('a1');
    await driver.settle();
    calls.answer('a2');
    await driver.settle();
    expect(out()).toEqual(['b1!', 'a1!', 'a2!']);
    expect(driver.callsInFlight).toBe(0);
  });

  test('none: as they settle', async () => {
    const { driver, pipe, out, calls } = held({ order: 'none' });
    pipe('a1', 'a2', 'a3');
    for (const value of ['a3', 'a1', 'a2']) calls.answer(value);
    await driver.settle();
    expect(out()).toEqual(['a3!', 'a1!', 'a2!']);
  });

  test('records without a key are in no order', async () => {
    const calls = new HeldCalls();
    const { driver, out } = start((input) => input.mapValuesAsync(calls.make, { value: stringSerde }));
    const input = driver.input('in', strings);
    input.pipe(undefined, 'x', 0);
    input.pipe(undefined, 'y', 1);
    expect(values(calls)).toEqual(['x', 'y']);
    calls.answer('y');
    calls.answer('x');
    await driver.settle();
    expect(out()).toEqual(['y!', 'x!']);
  });
});

describe('limits', () => {
  test('no more than maxInFlight calls at once; the task takes no more records meanwhile', async () => {
    const { driver, pipe, out, calls } = held({ maxInFlight: 2 });
    pipe('a', 'b', 'c', 'd', 'e');
    expect(values(calls)).toEqual(['a', 'b']);
    expect(driver.callsInFlight).toBe(2);
    while (calls.open.length > 0) {
      for (const call of calls.open) call.resolve(call.value);
      await driver.settle();
    }
    expect(calls.most).toBe(2);
    expect(out()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('also of what one record becomes', async () => {
    const calls = new HeldCalls();
    const { driver, pipe } = start((input) =>
      input
        .flatMap(
          (key, value) => Array.from({ length: 50 }, (_, i) => [`${key}${i}`, value] as const),
          strings,
        )
        .mapValuesAsync(calls.make, { value: stringSerde, maxInFlight: 3 }),
    );
    pipe('a');
    expect(driver.callsInFlight).toBe(50);
    while (driver.callsInFlight > 0) {
      calls.open.at(-1)?.resolve('x');
      await driver.settle();
    }
    expect(calls.most).toBe(3);
    expect(calls.made).toBe(50);
  });

  test('ten thousand calls in flight', async () => {
    const calls = new HeldCalls();
    const { driver, out } = start(
      (input) => input.mapValuesAsync(calls.make, { value: stringSerde, maxInFlight: 10_000 }),
      { commits: 'manual' },
    );
    const input = driver.input('in', strings);
    for (let i = 0; i < 12_000; i++) input.pipe(`k${i}`, `${i}`, i);
    driver.process();
    expect(calls.open.length).toBe(10_000);
    for (let i = 12_000; driver.callsInFlight > 0; i--) {
      for (const call of calls.open.toReversed()) call.resolve(call.value);
      await driver.settle();
      driver.process();
    }
    driver.commit();
    expect(calls.most).toBe(10_000);
    expect(new Set(out()).size).toBe(12_000);
  });

  test('16 records of one key fill the step, so that a commit waits for no more than these', async () => {
    const { driver, pipe, calls } = held({ maxInFlight: 100 });
    pipe(...Array.from({ length: 30 }, (_, i) => `a${i}`));
    expect(driver.callsInFlight).toBe(16);
    calls.answer('a0');
    await driver.settle();
    driver.process();
    expect(driver.callsInFlight).toBe(16);
  });
});

describe('failures', () => {
  test('are retried after a back-off that doubles, then go to the failure handler', async () => {
    const failures: unknown[] = [];
    const calls = new HeldCalls();
    const { driver, pipe, out } = start(
      (input) =>
        input.mapValuesAsync(calls.make, {
          value: stringSerde,
          retries: 2,
          backoff: { from: 100, to: 150 },
        }),
      {
        failures: {
          processing: ({ error, record }) => {
            failures.push([record?.offset, (error as Error).message]);
            return 'deadLetter';
          },
          deadLetterTopic: 'dead',
        },
      },
    );
    pipe('a', 'b');
    const attempts: number[] = [];
    for (const waitMs of [100, 150, 0]) {
      const call = calls.open.find(({ key }) => key === 'a');
      attempts.push(call?.call.attempt ?? 0);
      call?.reject(new Error('no'));
      await driver.settle();
      if (waitMs > 0) driver.advanceWallClock(waitMs - 1);
      expect(values(calls)).toEqual(['b']);
      driver.advanceWallClock(1);
    }
    expect(attempts).toEqual([1, 2, 3]);
    expect(failures).toEqual([[0, 'no']]);
    calls.answer('b');
    await driver.settle();
    expect(out()).toEqual(['b!']);
    expect(out('dead')).toEqual(['a']);
  });

  test('isRetriable says which are worth another try', async () => {
    const calls = new HeldCalls();
    const { driver, pipe, out } = start((input) =>
      input.mapValuesAsync(calls.make, {
        value: stringSerde,
        isRetriable: (error) => !(error instanceof RangeError),
        onFailed: (failed) =>
          failed.mapValues(({ value, error }) => `${value}: ${error.message}`).to('failed', strings),
      }),
    );
    pipe('a');
    calls.open[0]?.reject(new RangeError('never'));
    await driver.settle();
    expect(calls.made).toBe(1);
    expect(out('failed')).toEqual(['a: never']);
    expect(out()).toEqual([]);
  });

  test('a call that never settles is aborted after its timeout, and its later result ignored', async () => {
    const late: ((value: string) => void)[] = [];
    const signals: AbortSignal[] = [];
    const { driver, pipe, out } = start((input) =>
      input.mapValuesAsync(
        (_value, _key, { signal }) => {
          signals.push(signal);
          return new Promise<string>((resolve) => late.push(resolve));
        },
        {
          value: stringSerde,
          timeout: '2s',
          retries: 1,
          backoff: { from: 10, to: 10 },
          onFailed: (failed) => failed.mapValues(({ error }) => error.name).to('failed', strings),
        },
      ),
    );
    pipe('a');
    driver.advanceWallClock(1_999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    driver.advanceWallClock(1);
    driver.advanceWallClock(10);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    late[0]?.('too late');
    await driver.settle();
    expect(out()).toEqual([]);
    driver.advanceWallClock(2_000);
    await driver.settle();
    expect(out('failed')).toEqual(['AsyncTimeoutError']);
    expect(driver.callsInFlight).toBe(0);
  });

  test('a function that throws before it returns a promise has failed too', async () => {
    const { driver, pipe, out } = start((input) =>
      input.mapValuesAsync(
        (): Promise<string> => {
          throw new TypeError('at once');
        },
        {
          value: stringSerde,
          retries: 0,
          onFailed: (failed) => failed.mapValues(({ error }) => error.message).to('failed', strings),
        },
      ),
    );
    pipe('a');
    await driver.settle();
    expect(out('failed')).toEqual(['at once']);
  });

  test('a record whose calls fail more than once has one dead letter', async () => {
    const { driver, pipe, out } = start(
      (input) => {
        const fail = (): Promise<string> => Promise.reject(new Error('no'));
        input.mapValuesAsync(fail, { value: stringSerde, retries: 0 }).to('out', strings);
        return input.mapValuesAsync(fail, { value: stringSerde, retries: 0 });
      },
      { failures: { processing: () => 'deadLetter', deadLetterTopic: 'dead' } },
    );
    pipe('a');
    await driver.settle();
    expect(out('dead')).toEqual(['a']);
  });
});

describe('options that cannot be are refused where the topology is built', () => {
  const build = (options: AsyncOptions) => (): unknown =>
    new StreamsBuilder().stream('in', strings).mapValuesAsync(async (value) => value, options);

  test.each<[AsyncOptions, string]>([
    [{ maxInFlight: 0 }, 'maxInFlight is 0; it must be a whole number from 1'],
    [{ maxInFlight: 1.5 }, 'maxInFlight is 1.5'],
    [{ retries: -1 }, 'retries is -1; it must be a whole number from 0'],
    [{ timeout: 0 }, 'timeout is 0; it must be from 1 ms'],
    [{ timeout: '30d' }, 'to 24 days'],
    [{ backoff: { from: '2s', to: '1s' } }, 'let it end at or after where it begins'],
    [{ order: 'global' as never }, "order is global; it must be 'key' or 'none'"],
  ])('%j', (options, message) => {
    expect(build(options)).toThrow(message);
    expect(build(options)).toThrow(FatalError);
  });

  test('the order by key needs the serde of the key', () => {
    const unknown = new StreamsBuilder().stream('in', strings).selectKey((key) => ({ key }));
    expect(() => unknown.mapValuesAsync(async (value) => value)).toThrow(
      "mapValuesAsync() with order: 'key' needs a key serde: pass { key: … } to the step before, or choose order: 'none'",
    );
    expect(() => unknown.mapValuesAsync(async (value) => value, { order: 'none' })).not.toThrow();
  });
});
