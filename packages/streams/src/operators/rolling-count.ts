// Rolling counts: how many records each key has had in the latest span of time, falling as they leave that
// time even when nothing more arrives. Not in Kafka Streams.
//
// A record is counted in its bucket (key, second) and in the current count of each length. A cursor for each
// length says up to where buckets have left it; when time moves on, the buckets between the old and the new
// cursor are taken out.
import type { KeyValueStore, WindowStore } from '../api/stores.ts';
import type { Serde } from '../api/serde.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import { isAbsent } from './aggregate.ts';
import { lateOutput } from './window-aggregate.ts';

/** What a rolling count is told. Times in milliseconds. */
export interface RollingCountSpec<K> {
  /** Store of the counts of each bucket, by key. */
  buckets: string;
  /** Store of the current counts, by key. */
  counts: string;
  /** Store of the cursors, by length. */
  cursors: string;
  /** The text that a key is stored under: objects have no other identity. */
  textOf: (key: K) => string;
  lengthsMs: readonly number[];
  /** Records leave at most this much after they are as old as a length says. */
  resolutionMs: number;
}

/**
 * Counts records by key over the last `lengthsMs`, and passes on a key's counts whenever a record comes or
 * leaves. Time is the later of stream time and the time of day.
 */
export function rollingCount<K, V>({
  buckets,
  counts,
  cursors,
  textOf,
  lengthsMs,
  resolutionMs,
}: RollingCountSpec<K>): ProcessorSupplier<K, V, K, number[]> {
  const longestMs = Math.max(...lengthsMs);
  return function createRollingCount(): Processor<K, V, K, number[]> {
    let context: ProcessorContext<K, number[]>;
    let byBucket: WindowStore<K, number>;
    let current: KeyValueStore<K, number[]>;
    let left: KeyValueStore<string, number>;

    function bucketOf(time: number): number {
      return Math.floor(time / resolutionMs) * resolutionMs;
    }

    function take(time: number): void {
      const changed = new Map<string, { key: K; counted: number[] }>();
      for (const [i, lengthMs] of lengthsMs.entries()) {
        const cursor = left.get(String(lengthMs)) ?? 0;
        const next = bucketOf(time - lengthMs);
        if (next <= cursor) continue;
        for (const [key, , count] of byBucket.fetchAll(cursor, next - 1)) {
          const text = textOf(key);
          const counted = changed.get(text)?.counted ?? current.get(key)?.slice();
          if (!counted) continue;
          counted[i] = Math.max(0, (counted[i] ?? 0) - count);
          changed.set(text, { key, counted });
        }
        left.put(String(lengthMs), next, time);
      }
      byBucket.expireBefore(Math.max(0, bucketOf(time - longestMs)));
      for (const { key, counted } of changed.values()) {
        if (counted.some((count) => count > 0)) current.put(key, counted, time);
        else current.delete(key);
        context.forward({ key, value: counted, timestamp: time, headers: [] });
      }
    }

    return {
      init(given) {
        context = given;
        byBucket = given.windowStore(buckets);
        current = given.keyValueStore(counts);
        left = given.keyValueStore(cursors);
        given.schedule(resolutionMs, 'wall-clock', (now) => take(Math.max(now, given.streamTime)));
      },
      process(record) {
        const { key, value, timestamp, headers } = record;
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        take(context.streamTime);
        const bucket = bucketOf(timestamp);
        const counted = current.get(key)?.slice() ?? lengthsMs.map(() => 0);
        let inside = false;
        for (const [i, lengthMs] of lengthsMs.entries()) {
          if (bucket < (left.get(String(lengthMs)) ?? 0)) continue;
          counted[i] = (counted[i] ?? 0) + 1;
          inside = true;
        }
        if (inside) {
          byBucket.put(key, (byBucket.fetch(key, bucket) ?? 0) + 1, bucket, timestamp);
          current.put(key, counted, timestamp);
        } else {
          // A record is late for a window only: see what `late` counts.
          context.dropped('older-than-rolling-count');
          context.forwardTo(lateOutput, record);
        }
        context.forward({ key, value: counted, timestamp, headers });
      },
    };
  };
}

/** Counts as text: whole numbers with commas between. */
export const countsSerde: Serde<number[]> = {
  format: 'text',
  serialize: (counts) => counts.join(','),
  deserialize: (text) => text.split(',').map(Number),
};
