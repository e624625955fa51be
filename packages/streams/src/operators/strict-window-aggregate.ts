// Aggregates of a stream by key and time window that decide by the times that have reached this step, not by
// the task's stream time: for results that come out when a window closes, and for inputs that share a store.
// Source: Kafka Streams' KStreamWindowAggregate.
import type { Change, Windowed } from '../api/record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier, StepClock } from '../api/processor.ts';
import type { WindowStore } from '../api/stores.ts';
import { isAbsent, type Adder } from './aggregate.ts';
import { lateOutput, type TimeWindows } from './window-aggregate.ts';
import { windowOutput, type WindowChange, type WindowOutput, type WindowStep } from './window-output.ts';

/** Aggregates records by key and window; what is too late for all its windows goes to `late`. */
export function strictWindowAggregate<K, V, A>(
  windows: TimeWindows,
  step: WindowStep<K>,
  add: Adder<K, V, A>,
): ProcessorSupplier<K, V, Windowed<K>, Change<A>> {
  const { sizeMs, advanceMs, graceMs } = windows;
  return function createStrictWindowAggregate(): Processor<K, V, Windowed<K>, Change<A>> {
    let context: ProcessorContext<Windowed<K>, Change<A>>;
    let aggregates: WindowStore<K, A>;
    let clock: StepClock;
    let output: WindowOutput<K, A>;

    function update(key: K, value: V, start: number, timestamp: number): WindowChange<A> {
      let oldValue: A | undefined;
      const updated = aggregates.update(key, start, timestamp, (old) => {
        oldValue = old;
        return add(key, value, old);
      });
      return { start, newValue: updated.value, oldValue, timestamp: updated.timestamp };
    }

    return {
      init(given) {
        context = given;
        aggregates = given.windowStore(step.store);
        clock = given.clock(step.clock);
        output = windowOutput(given, aggregates, step, sizeMs);
      },
      process(record) {
        const { key, value, timestamp, headers } = record;
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        const closed = clock.advance(timestamp) - graceMs;
        let taken = false;
        const first = Math.max(0, Math.floor((timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs);
        for (let start = first; start <= timestamp; start += advanceMs) {
          if (start + sizeMs <= closed) continue;
          output.updated(key, update(key, value, start, timestamp), headers);
          taken = true;
        }
        if (!taken) {
          context.late();
          context.forwardTo(lateOutput, record);
        }
        output.close(closed, headers);
      },
    };
  };
}
