// Stateless operators: each looks at one record and passes on none, one or many.
import type { Record } from '../record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../topology/processor.ts';

/** What the user's function gets beside key and value. */
export type Predicate<K, V> = (value: V, key: K) => boolean;

function onEach<KI, VI, KO, VO>(
  work: (context: ProcessorContext<KO, VO>, record: Record<KI, VI>) => void,
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
): ProcessorSupplier<K, V, K2, V2> {
  return onEach((context, record) => {
    const [key, value] = mapper(record.key, record.value);
    context.forward({ key, value, timestamp: record.timestamp, headers: record.headers });
  });
}

/** Replaces the value. */
export function mapValues<K, V, V2>(mapper: (value: V, key: K) => V2): ProcessorSupplier<K, V, K, V2> {
  return onEach((context, { key, value, timestamp, headers }) => {
    context.forward({ key, value: mapper(value, key), timestamp, headers });
  });
}

/** Replaces the key. */
export function selectKey<K, V, K2>(mapper: (key: K, value: V) => K2): ProcessorSupplier<K, V, K2, V> {
  return onEach((context, { key, value, timestamp, headers }) => {
    context.forward({ key: mapper(key, value), value, timestamp, headers });
  });
}

/** Replaces a record by any number of records. */
export function flatMap<K, V, K2, V2>(
  mapper: (key: K, value: V) => Iterable<readonly [K2, V2]>,
): ProcessorSupplier<K, V, K2, V2> {
  return onEach((context, record) => {
    for (const [key, value] of mapper(record.key, record.value)) {
      context.forward({ key, value, timestamp: record.timestamp, headers: record.headers });
    }
  });
}

/** Replaces a value by any number of values. */
export function flatMapValues<K, V, V2>(
  mapper: (value: V, key: K) => Iterable<V2>,
): ProcessorSupplier<K, V, K, V2> {
  return onEach((context, { key, value, timestamp, headers }) => {
    for (const mapped of mapper(value, key)) context.forward({ key, value: mapped, timestamp, headers });
  });
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
