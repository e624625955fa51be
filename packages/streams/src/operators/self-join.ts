// The join of a stream with itself over one store: what `streamJoin` does with two that hold the same.
// Source: Kafka Streams' KStreamKStreamSelfJoin.
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { TimelineStore } from '../api/stores.ts';
import { isAbsent } from './aggregate.ts';
import type { JoinWindows, ValueJoiner } from './stream-join.ts';

/** Joins each record with those near it in time, as the left one, then as the right one, and with itself. */
export function selfJoin<K, V, VO>(
  store: string,
  { beforeMs, afterMs, graceMs }: JoinWindows,
  joiner: ValueJoiner<K, V, V, VO>,
): ProcessorSupplier<K, V, K, VO> {
  const retentionMs = beforeMs + afterMs + graceMs;
  return function createSelfJoin(): Processor<K, V, K, VO> {
    let context: ProcessorContext<K, VO>;
    let kept: TimelineStore<K, V>;
    return {
      init(given) {
        context = given;
        kept = given.timelineStore(store);
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        const forward = (left: V, right: V, time: number): void =>
          context.forward({
            key,
            value: joiner(left, right, key),
            timestamp: Math.max(timestamp, time),
            headers,
          });
        const streamTime = Math.max(kept.observedTime, timestamp);
        let isAlone = timestamp > streamTime - retentionMs + 1;
        for (const { time, value: right } of kept.fetch(
          key,
          Math.max(0, timestamp - beforeMs),
          timestamp + afterMs,
        ))
          forward(value, right, time);
        for (const { time, value: left } of kept.fetch(
          key,
          Math.max(0, timestamp - afterMs),
          timestamp + beforeMs,
        )) {
          // Results come out in the order of time.
          if (time > timestamp && isAlone) {
            isAlone = false;
            forward(value, value, timestamp);
          }
          forward(left, value, time);
        }
        if (isAlone) forward(value, value, timestamp);
        if (!kept.put(key, value, timestamp)) context.late();
      },
    };
  };
}
