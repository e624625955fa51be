// Table operators: they work on changes, so that what a row was before can be taken back.
// Source: Kafka Streams' KTableSource, KTableFilter, KTableMapValues,
// KTableRepartitionMap and KTableAggregate.
import type { Change } from '../api/record.ts';
import type { KeyValueStore } from '../api/stores.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import { isAbsent } from './aggregate.ts';
import type { OldValues } from './old-values.ts';

/** Keeps the newest value of each key and passes on what changed. A record without a key is dropped. */
export function tableSource<K, V>(store: string): ProcessorSupplier<K, V | undefined, K, Change<V>> {
  return function createTableSource(): Processor<K, V | undefined, K, Change<V>> {
    let context: ProcessorContext<K, Change<V>>;
    let rows: KeyValueStore<K, V>;
    return {
      init(given) {
        context = given;
        rows = given.keyValueStore(store);
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key)) {
          context.dropped('null-key');
          return;
        }
        const oldValue = rows.get(key);
        if (isAbsent(value)) rows.delete(key);
        else rows.put(key, value, timestamp);
        context.forward({ key, value: { newValue: value ?? undefined, oldValue }, timestamp, headers });
      },
    };
  };
}

/** Replaces or removes values of a table; `undefined` or null removes. */
export function tableMap<K, V, V2>(
  mapper: (value: V, key: K) => V2 | undefined | null,
  oldValues: OldValues,
  skipEmpty: boolean,
): ProcessorSupplier<K, Change<V>, K, Change<V2>> {
  return function createTableMap(): Processor<K, Change<V>, K, Change<V2>> {
    let context: ProcessorContext<K, Change<V2>>;
    const apply = (value: V | undefined, key: K): V2 | undefined =>
      value === undefined ? undefined : (mapper(value, key) ?? undefined);
    return {
      init(given) {
        context = given;
      },
      process({ key, value, timestamp, headers }) {
        const newValue = apply(value.newValue, key);
        const oldValue = oldValues.wanted ? apply(value.oldValue, key) : undefined;
        if (skipEmpty && oldValues.wanted && newValue === undefined && oldValue === undefined) return;
        const change =
          value.isLatest === false ? { newValue, oldValue, isLatest: false } : { newValue, oldValue };
        context.forward({ key, value: change, timestamp, headers });
      },
    };
  };
}

/** Turns a table's changes into a stream of its new values; `undefined` is a tombstone. */
export function tableToStream<K, V>(): ProcessorSupplier<K, Change<V>, K, V | undefined> {
  return function createTableToStream(): Processor<K, Change<V>, K, V | undefined> {
    let context: ProcessorContext<K, V | undefined>;
    return {
      init(given) {
        context = given;
      },
      process({ key, value, timestamp, headers }) {
        context.forward({ key, value: value.newValue, timestamp, headers });
      },
    };
  };
}

/**
 * Sends each row to the key it is grouped by: what it was is taken away before what it is comes in. A row
 * whose new key or value is absent is in no group.
 */
export function tableGroupBy<K, V, K2, V2>(
  mapper: (key: K, value: V) => readonly [K2, V2],
  textOf: (key: K2) => string,
): ProcessorSupplier<K, Change<V>, K2, Change<V2>> {
  return function createTableGroupBy(): Processor<K, Change<V>, K2, Change<V2>> {
    let context: ProcessorContext<K2, Change<V2>>;
    // Objects that are read from JSON, say, have no other identity.
    function isSameKey(a: K2, b: K2): boolean {
      return a === b || (typeof a === 'object' && textOf(a) === textOf(b));
    }
    function grouped(key: K, value: V | undefined): readonly [K2, V2] | undefined {
      const row = value === undefined ? undefined : mapper(key, value);
      return row && !isAbsent(row[0]) && !isAbsent(row[1]) ? row : undefined;
    }
    return {
      init(given) {
        context = given;
      },
      process({ key, value, timestamp, headers }) {
        // Its row is not what is grouped any more.
        if (value.isLatest === false) {
          context.dropped('out-of-order');
          return;
        }
        const before = grouped(key, value.oldValue);
        const after = grouped(key, value.newValue);
        if (before && after && isSameKey(before[0], after[0])) {
          const change = { newValue: after[1], oldValue: before[1] };
          context.forward({ key: after[0], value: change, timestamp, headers });
          return;
        }
        if (before) {
          const change = { newValue: undefined, oldValue: before[1] };
          context.forward({ key: before[0], value: change, timestamp, headers });
        }
        if (after) {
          const change = { newValue: after[1], oldValue: undefined };
          context.forward({ key: after[0], value: change, timestamp, headers });
        }
      },
    };
  };
}

/**
 * Aggregates a grouped table: takes the old row out, puts the new one in. `subtract` returns nothing where
 * nothing is left.
 */
export function tableAggregate<K, V, A>(
  store: string,
  add: (key: K, value: V, aggregate: A | undefined) => A | undefined | null,
  subtract: (key: K, value: V, aggregate: A) => A | undefined | null,
): ProcessorSupplier<K, Change<V>, K, Change<A>> {
  return function createTableAggregate(): Processor<K, Change<V>, K, Change<A>> {
    let context: ProcessorContext<K, Change<A>>;
    let aggregates: KeyValueStore<K, A>;
    return {
      init(given) {
        context = given;
        aggregates = given.keyValueStore(store);
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key)) {
          context.dropped('null-key');
          return;
        }
        const old = aggregates.getTimestamped(key);
        let newValue = old?.value;
        if (value.oldValue !== undefined && newValue !== undefined)
          newValue = subtract(key, value.oldValue, newValue) ?? undefined;
        if (value.newValue !== undefined) newValue = add(key, value.newValue, newValue) ?? undefined;
        const newTimestamp = old && old.timestamp > timestamp ? old.timestamp : timestamp;
        if (newValue === undefined) aggregates.delete(key);
        else aggregates.put(key, newValue, newTimestamp);
        context.forward({ key, value: { newValue, oldValue: old?.value }, timestamp: newTimestamp, headers });
      },
    };
  };
}
