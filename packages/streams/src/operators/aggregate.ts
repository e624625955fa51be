// Aggregates of a stream by key: the new value is stored and passed on as a change.
// Source: Kafka Streams' KStreamAggregate; the result's event time is the highest that went into it.
import type { Change } from '../api/record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { KeyValueStore } from '../api/stores.ts';
import type { OldValues } from './old-values.ts';

/** Joins a record into an aggregate; `undefined` stands for none yet. */
export type Adder<K, V, A> = (key: K, value: V, aggregate: A | undefined) => A;

/** When an aggregate's changes come out: each of them, or at each commit the last one of every key. */
export type Emit = 'update' | 'commit';

/** How an aggregate gives its changes. */
export interface AggregateOutput {
  /** `elsewhere`: by another step that shares the store. */
  readonly emit: Emit | 'elsewhere';
  /** Whether changes must carry old values; with `update` they do anyway. */
  readonly oldValues: OldValues;
}

/** Aggregates records by key into a key-value store. Records without key or value are dropped. */
export function aggregate<K, V, A>(
  store: string,
  add: Adder<K, V, A>,
  { emit, oldValues }: AggregateOutput,
): ProcessorSupplier<K, V, K, Change<A>> {
  return function createAggregate(): Processor<K, V, K, Change<A>> {
    let context: ProcessorContext<K, Change<A>>;
    let aggregates: KeyValueStore<K, A>;

    function emitWritten(): void {
      for (const [key, { value: newValue, timestamp }] of aggregates.written()) {
        const oldValue = oldValues.wanted ? aggregates.before(key) : undefined;
        context.forward({ key, value: { newValue, oldValue }, timestamp, headers: [] });
      }
    }

    return {
      init(given) {
        context = given;
        aggregates = given.keyValueStore(store);
        if (emit === 'commit') given.onCommit({ beforeCommit: emitWritten, afterAbort() {} });
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        let oldValue: A | undefined;
        const updated = aggregates.update(key, timestamp, (old) => {
          oldValue = old;
          return add(key, value, old);
        });
        if (emit !== 'update') return;
        const change = { newValue: updated.value, oldValue };
        context.forward({ key, value: change, timestamp: updated.timestamp, headers });
      },
    };
  };
}

/** Whether Kafka carried no key or no value. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
