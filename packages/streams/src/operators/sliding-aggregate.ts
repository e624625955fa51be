// Aggregates of a stream by key and sliding window: windows whose bounds are where records are.
// Source: Kafka Streams' KStreamSlidingWindowAggregate (KIP-450). There is a window that ends with each
// record, and one that begins just after each record, where it has any. Both bounds are included. Records
// before the first whole window share the window that begins at 0.
import type { Change, Windowed } from '../api/record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier, StepClock } from '../api/processor.ts';
import type { WindowStore } from '../api/stores.ts';
import { isAbsent, type Adder } from './aggregate.ts';
import { slidingChanges, type SlidingWindow } from './sliding-windows.ts';
import { lateOutput } from './window-aggregate.ts';
import { windowOutput, type WindowOutput, type WindowStep } from './window-output.ts';

/** Sliding windows: what `sliding` returns. In milliseconds. */
export interface SlidingWindows {
  readonly timeDifferenceMs: number;
  readonly graceMs: number;
}

/** A sliding aggregate's stores and how it gives its results. */
export interface SlidingStep<K> extends WindowStep<K> {
  readonly windows: SlidingWindows;
  /** The store of the starts of each key's windows, {@link startsPerMs} at a time. */
  readonly starts: string;
}

/** How much time shares an entry of the store of starts, in milliseconds. */
export function startsPerMs({ timeDifferenceMs }: SlidingWindows): number {
  return Math.max(1, timeDifferenceMs);
}

/** Aggregates records by key and sliding window; what is too late for all its windows goes to `late`. */
export function slidingAggregate<K, V, A>(
  step: SlidingStep<K>,
  add: Adder<K, V, A>,
): ProcessorSupplier<K, V, Windowed<K>, Change<A>> {
  const { windows: sliding, store, starts: startsName, clock: clockName } = step;
  const { timeDifferenceMs: size, graceMs } = sliding;
  const spanMs = startsPerMs(sliding);
  return function createSlidingAggregate(): Processor<K, V, Windowed<K>, Change<A>> {
    let context: ProcessorContext<Windowed<K>, Change<A>>;
    let aggregates: WindowStore<K, A>;
    let starts: WindowStore<K, readonly number[]>;
    let clock: StepClock;
    let output: WindowOutput<K, A>;

    /** The windows of a key that start between two times, latest first. */
    function find(key: K, from: number, to: number): SlidingWindow<A>[] {
      const found: SlidingWindow<A>[] = [];
      const first = spanOf(Math.max(0, from));
      for (let span = spanOf(to); span >= first; span -= spanMs) {
        for (const start of (starts.fetch(key, span) ?? []).toReversed()) {
          if (start < from || start > to) continue;
          const window = aggregates.fetchTimestamped(key, start);
          if (window) found.push({ start, value: window.value, timestamp: window.timestamp });
        }
      }
      return found;
    }

    function spanOf(time: number): number {
      return Math.floor(time / spanMs) * spanMs;
    }

    function noteStart(key: K, start: number): void {
      const span = spanOf(start);
      const before = starts.fetch(key, span) ?? [];
      if (!before.includes(start))
        starts.put(
          key,
          [...before, start].toSorted((a, b) => a - b),
          span,
          start,
        );
    }

    return {
      init(given) {
        context = given;
        aggregates = given.windowStore(store);
        starts = given.windowStore(startsName);
        clock = given.clock(clockName);
        output = windowOutput(given, aggregates, step, size);
      },
      process(record) {
        const { key, value, timestamp, headers } = record;
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        const closed = clock.advance(timestamp) - graceMs;
        const changes =
          timestamp + 1 + size <= closed
            ? []
            : slidingChanges<A>({
                timestamp,
                size,
                closed,
                find: (from, to) => find(key, from, to),
                add: (aggregate) => add(key, value, aggregate),
              });
        if (changes.length === 0) {
          context.late();
          context.forwardTo(lateOutput, record);
          return;
        }
        for (const { start, newValue, oldValue, timestamp: time } of changes) {
          aggregates.put(key, newValue, start, time);
          if (oldValue === undefined) noteStart(key, start);
        }
        for (const change of changes) output.updated(key, change, headers);
        output.close(closed - 1, headers);
      },
    };
  };
}
