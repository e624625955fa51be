// Suppress: holds a table's changes back until a time has come, and gives the last one of each key.
// Source: Kafka Streams' KTableSuppressProcessor. The first change of a key says when it is due.
import type { BufferStore } from '../api/buffer-store.ts';
import { FatalError } from '../api/errors.ts';
import type { Processor, ProcessorContext, ProcessorSupplier, StepClock } from '../api/processor.ts';
import type { Change, RecordHeaders } from '../api/record.ts';
import type { OldValues } from './old-values.ts';
import type { TableView } from './table-view.ts';

/** What a suppressed change is kept as: with the value that later steps have seen last as its old one. */
export interface SuppressedChange<V> extends Change<V> {
  readonly headers: RecordHeaders;
}

/** What becomes of changes when the buffer is full. */
export type WhenFull = 'emitEarly' | 'shutDown';

/** What a suppression is made of. Times in milliseconds. */
export interface SuppressStep<K> {
  readonly store: string;
  /** What a change waits for: this much stream time after {@link timeOf}. */
  readonly delayMs: number;
  readonly timeOf: (key: K, timestamp: number) => number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly whenFull: WhenFull;
  /** Results are final, so nobody has seen what a tombstone would remove. */
  readonly dropTombstones: boolean;
  readonly oldValues: OldValues;
}

/** Suppresses the changes of a table. */
export function suppress<K, V>(step: SuppressStep<K>): ProcessorSupplier<K, Change<V>, K, Change<V>> {
  const { store, delayMs, timeOf, maxRecords, maxBytes, whenFull, dropTombstones, oldValues } = step;
  return function createSuppress(): Processor<K, Change<V>, K, Change<V>> {
    let context: ProcessorContext<K, Change<V>>;
    let buffer: BufferStore<K, SuppressedChange<V>>;
    let clock: StepClock;

    function emitFirst(): void {
      const first = buffer.first();
      if (!first) return;
      const { key, value, timestamp } = first;
      const { newValue, oldValue, headers } = value;
      buffer.delete(key);
      if (newValue !== undefined || !dropTombstones)
        context.forwardAlone({ key, value: { newValue, oldValue }, timestamp, headers });
    }

    function isFull(): boolean {
      return buffer.length > maxRecords || buffer.byteLength > maxBytes;
    }

    return {
      init(given) {
        context = given;
        buffer = given.bufferStore(store);
        clock = given.clock(store);
      },
      process({ key, value, timestamp, headers }) {
        const due = clock.advance(timestamp) - delayMs;
        const time = buffer.waitsFor(key);
        // What the key had before this one was never passed on.
        const waiting = time !== undefined && oldValues.wanted ? buffer.get(key)?.value : undefined;
        const oldValue = waiting ? waiting.oldValue : value.oldValue;
        const change = {
          newValue: value.newValue,
          oldValue: oldValues.wanted ? oldValue : undefined,
          headers,
        };
        buffer.put(key, change, time ?? timeOf(key, timestamp), timestamp);
        while ((buffer.firstTime ?? Number.POSITIVE_INFINITY) <= due) emitFirst();
        if (!isFull()) return;
        if (whenFull === 'shutDown') {
          const has = `${buffer.length} records and ${buffer.byteLength} bytes`;
          const message = `the buffer ${store} has ${has}, and may have ${maxRecords} and ${maxBytes}: give it more, or let it emit early`;
          throw new FatalError('BUFFER_FULL', message);
        }
        while (isFull()) emitFirst();
      },
    };
  };
}

/**
 * The rows of a suppressed table as its readers know them: of a key that waits, what it was before. Changes
 * must carry old values for it, which opening it asks for.
 */
export function suppressedView<K, V>(
  view: TableView<K, V>,
  store: string,
  oldValues: OldValues,
): TableView<K, V> {
  return {
    stores: [...view.stores, store],
    open(context) {
      oldValues.want();
      const read = view.open(context);
      const buffer = context.bufferStore<K, SuppressedChange<V>>(store);
      return (key) => {
        const waiting = buffer.get(key);
        if (!waiting) return read(key);
        const { oldValue } = waiting.value;
        return oldValue === undefined ? undefined : { value: oldValue, timestamp: waiting.timestamp };
      };
    },
  };
}
