// Stateless operators: each looks at one record and passes on none, one or many.
import type { StreamRecord } from '../api/record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';

/** What the user's function gets beside key and value. */
export type Predicate<K, V> = (value: V, key: K) => boolean;

/** A record whose step threw, and what it threw. */
export interface Failed<V> {
  readonly value: V;
  readonly error: Error;
}

/** The name of the side output that gets {@link Failed} records. */
export const failedOutput = 'failed';

/**
 * Works a result out and passes it on. With `catching`, an error of the user's function goes to `failed` as a
 * record; an error of a later step is not caught here.
 */
function onResult<K, V, KO, VO, R>(
  catching: boolean,
  compute: (record: StreamRecord<K, V>) => R,
  pass: (context: ProcessorContext<KO, VO>, record: StreamRecord<K, V>, result: R) => void,
): ProcessorSupplier<K, V, KO, VO> {
  if (!catching) return onEach((context, record) => pass(context, record, compute(record)));
  return onEach((context, record) => {
    let result: R;
    try {
      result = compute(record);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const failed: Failed<V> = { value: record.value, error };
      context.forwardTo(failedOutput, { ...record, value: failed });
      return;
    }
    pass(context, record, result);
  });
}

function onEach<KI, VI, KO, VO>(
  work: (context: ProcessorContext<KO, VO>, record: StreamRecord<KI, VI>) => void,
): ProcessorSupplier<KI, VI, KO, VO> {
  return function createStateless(): Processor<KI, VI, KO, VO> {
    let context: ProcessorContext<KO, VO>;
    return {
      init(given) {
        context = given;
      },
      process(record) {
        work(context, record);
      },
    };
  };
}

/** Passes on what the predicate holds for (or, negated, does not). */
export function filter<K, V>(predicate: Predicate<K, V>, negate: boolean): ProcessorSupplier<K, V, K, V> {
  return onEach((context, record) => {
    if (predicate(record.value, record.key) !== negate) context.forward(record);
  });
}

/** Replaces key and value. */
export function map<K, V, K2, V2>(
  mapper: (key: K, value: V) => readonly [K2, V2],
  catching: boolean,
): ProcessorSupplier<K, V, K2, V2> {
  return onResult(
    catching,
    ({ key, value }) => mapper(key, value),
    (context, { timestamp, headers }, [key, value]) => context.forward({ key, value, timestamp, headers }),
  );
}

/** Replaces the value. */
export function mapValues<K, V, V2>(
  mapper: (value: V, key: K) => V2,
  catching: boolean,
): ProcessorSupplier<K, V, K, V2> {
  return onResult(
    catching,
    ({ key, value }) => mapper(value, key),
    (context, { key, timestamp, headers }, value) => context.forward({ key, value, timestamp, headers }),
  );
}

/** Replaces the key. */
export function selectKey<K, V, K2>(
  mapper: (key: K, value: V) => K2,
  catching: boolean,
): ProcessorSupplier<K, V, K2, V> {
  return onResult(
    catching,
    ({ key, value }) => mapper(key, value),
    (context, { value, timestamp, headers }, key) => context.forward({ key, value, timestamp, headers }),
  );
}

/** Replaces a record by any number of records. */
export function flatMap<K, V, K2, V2>(
  mapper: (key: K, value: V) => Iterable<readonly [K2, V2]>,
  catching: boolean,
): ProcessorSupplier<K, V, K2, V2> {
  return onResult(
    catching,
    // All of them before the first goes on: a failure half-way passes on none.
    ({ key, value }) => [...mapper(key, value)],
    (context, { timestamp, headers }, pairs) => {
      for (const [key, value] of pairs) context.forward({ key, value, timestamp, headers });
    },
  );
}

/** Replaces a value by any number of values. */
export function flatMapValues<K, V, V2>(
  mapper: (value: V, key: K) => Iterable<V2>,
  catching: boolean,
): ProcessorSupplier<K, V, K, V2> {
  return onResult(
    catching,
    ({ key, value }) => [...mapper(value, key)],
    (context, { key, timestamp, headers }, values) => {
      for (const value of values) context.forward({ key, value, timestamp, headers });
    },
  );
}

/** Looks at each record and passes it on. */
export function peek<K, V>(action: (key: K, value: V) => void): ProcessorSupplier<K, V, K, V> {
  return onEach((context, record) => {
    action(record.key, record.value);
    context.forward(record);
  });
}

/** Passes records on as they are: where streams merge. */
export function passThrough<K, V>(): ProcessorSupplier<K, V, K, V> {
  return onEach((context, record) => context.forward(record));
}

/** Passes each record to the first branch whose predicate holds, or to the default branch. */
export function branch<K, V>(
  branches: readonly (readonly [string, Predicate<K, V>])[],
  defaultBranch: string | undefined,
): ProcessorSupplier<K, V, K, V> {
  return onEach((context, record) => {
    for (const [name, predicate] of branches) {
      if (predicate(record.value, record.key)) {
        context.forwardTo(name, record);
        return;
      }
    }
    if (defaultBranch !== undefined) context.forwardTo(defaultBranch, record);
  });
}
