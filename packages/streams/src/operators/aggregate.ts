// Aggregates of a stream by key: the new value is stored and passed on as a change.
// Source: Kafka Streams' KStreamAggregate; the result's event time is the highest that went into it.
import type { Change } from '../record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../topology/processor.ts';
import type { KeyValueStore } from '../state/store.ts';

/** Joins a record into an aggregate; `undefined` stands for none yet. */
export type Adder<K, V, A> = (key: K, value: V, aggregate: A | undefined) => A;

/** Aggregates records by key into a key-value store. Records without key or value are dropped. */
export function aggregate<K, V, A>(
  store: string,
  add: Adder<K, V, A>,
): ProcessorSupplier<K, V, K, Change<A>> {
  return function createAggregate(): Processor<K, V, K, Change<A>> {
    let context: ProcessorContext<K, Change<A>>;
    let aggregates: KeyValueStore<K, A>;
    return {
      init(given) {
        context = given;
        aggregates = given.keyValueStore(store);
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        const old = aggregates.getTimestamped(key);
        const newValue = add(key, value, old?.value);
        const newTimestamp = old && old.timestamp > timestamp ? old.timestamp : timestamp;
        aggregates.put(key, newValue, newTimestamp);
        context.forward({
          key,
          value: { newValue, oldValue: old?.value },
          timestamp: newTimestamp,
          headers,
        });
      },
    };
  };
}

/** Whether Kafka carried no key or no value. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
