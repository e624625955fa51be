// Aggregates of a stream by key and time window.
// Source: Kafka Streams' KStreamWindowAggregate: a window takes records until stream time reaches its end
// plus grace.
import type { Change, StreamRecord, Windowed } from '../api/record.ts';
import type { WindowStore } from '../api/stores.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import { isAbsent, type Adder, type AggregateOutput } from './aggregate.ts';

/**
 * Windows of a fixed size, one beginning every `advanceMs`:
 * what `tumbling` and `hopping` answer. All in milliseconds.
 */
export interface TimeWindows {
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
}

/** The name of the side output that gets what came after every window it belongs to had closed. */
export const lateOutput = 'late';

/**
 * Aggregates records by key and window into a window store;
 * what is too late for all its windows goes to `late`.
 */
export function windowAggregate<K, V, A>(
  store: string,
  windows: TimeWindows,
  add: Adder<K, V, A>,
  { emit, oldValues }: AggregateOutput,
): ProcessorSupplier<K, V, Windowed<K>, Change<A>> {
  const { sizeMs, advanceMs, graceMs } = windows;
  return function createWindowAggregate(): Processor<K, V, Windowed<K>, Change<A>> {
    let context: ProcessorContext<Windowed<K>, Change<A>>;
    let aggregates: WindowStore<K, A>;

    function update(record: StreamRecord<K, V>, start: number): void {
      const { key, value, timestamp, headers } = record;
      let oldValue: A | undefined;
      const updated = aggregates.update(key, start, timestamp, (old) => {
        oldValue = old;
        return add(key, value, old);
      });
      if (emit === 'commit') return;
      context.forward({
        key: { key, start, end: start + sizeMs },
        value: { newValue: updated.value, oldValue },
        timestamp: updated.timestamp,
        headers,
      });
    }

    function emitWritten(): void {
      for (const [key, start, { value: newValue, timestamp }] of aggregates.written()) {
        const oldValue = oldValues.wanted ? aggregates.before(key, start) : undefined;
        context.forward({
          key: { key, start, end: start + sizeMs },
          value: { newValue, oldValue },
          timestamp,
          headers: [],
        });
      }
    }

    return {
      init(given) {
        context = given;
        aggregates = given.windowStore(store);
        if (emit === 'commit') given.onCommit({ beforeCommit: emitWritten, afterAbort() {} });
      },
      process(record) {
        if (isAbsent(record.key) || isAbsent(record.value)) {
          context.dropped('null-key-or-value');
          return;
        }
        const { timestamp } = record;
        const closed = context.streamTime - graceMs;
        let taken = false;
        const first = Math.max(0, Math.floor((timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs);
        for (let start = first; start <= timestamp; start += advanceMs) {
          if (start + sizeMs > closed) {
            update(record, start);
            taken = true;
          }
        }
        if (!taken) {
          context.late();
          context.forwardTo(lateOutput, record);
        }
      },
    };
  };
}
