// Rolling counts: how many records each key has had in the latest span of time, falling as they leave that
// time even when nothing more arrives. Not in Kafka Streams.
//
// A record is counted in its bucket (key, second) and in the current count of each length. A cursor for each
// length says up to where buckets have left it; when time moves on, the buckets between the old and the new
// cursor are taken out.
import type { KeyValueStore, StoreSpec, WindowStore } from '../api/stores.ts';
import type { Serde } from '../api/serde.ts';
import type { StepState } from '../api/step-state.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import { isAbsent } from './aggregate.ts';
import { lateOutput } from './window-aggregate.ts';

/** What a rolling count is made of. Times in milliseconds. */
export interface RollingCountSpec<K> {
  /** Store of the counts of each bucket, by key. */
  buckets: StoreSpec;
  /** Store of the current counts, by key. */
  counts: StoreSpec;
  /** Store of the cursors, by length. */
  cursors: StoreSpec;
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
    /** What `left` has, as of the records that are being processed; undefined until it is read. */
    let known: number[] | undefined;
    /** Until this time, nothing more leaves. */
    let settledUntil = Number.NEGATIVE_INFINITY;

    function cursorsNow(): number[] {
      return (known ??= lengthsMs.map((lengthMs) => left.get(String(lengthMs)) ?? 0));
    }

    function take(time: number): void {
      if (time < settledUntil) return;
      const reached = cursorsNow();
      const changed = new Map<string, { key: K; counted: number[] }>();
      for (const [i, lengthMs] of lengthsMs.entries()) {
        const cursor = reached[i] ?? 0;
        const next = bucketOf(time - lengthMs, resolutionMs);
        if (next <= cursor) continue;
        for (const [key, , count] of byBucket.fetchAll(cursor, next - 1)) {
          const text = textOf(key);
          const counted = changed.get(text)?.counted ?? current.get(key)?.slice();
          if (!counted) continue;
          counted[i] = Math.max(0, (counted[i] ?? 0) - count);
          changed.set(text, { key, counted });
        }
        left.put(String(lengthMs), next, time);
        reached[i] = next;
      }
      settledUntil = Math.min(...lengthsMs.map((lengthMs, i) => (reached[i] ?? 0) + resolutionMs + lengthMs));
      byBucket.expireBefore(Math.max(0, bucketOf(time - longestMs, resolutionMs)));
      for (const { key, counted } of changed.values()) {
        if (counted.some((count) => count > 0)) current.put(key, counted, time);
        else current.delete(key);
        context.forward({ key, value: counted, timestamp: time, headers: [] });
      }
    }

    return {
      init(given) {
        context = given;
        byBucket = given.windowStore(buckets.name);
        current = given.keyValueStore(counts.name);
        left = given.keyValueStore(cursors.name);
        given.onCommit({
          beforeCommit() {},
          afterAbort() {
            known = undefined;
            settledUntil = Number.NEGATIVE_INFINITY;
          },
        });
        given.schedule(resolutionMs, 'wall-clock', (now) => take(Math.max(now, given.streamTime)));
      },
      process(record) {
        const { key, value, timestamp, headers } = record;
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        take(context.streamTime);
        const bucket = bucketOf(timestamp, resolutionMs);
        const reached = cursorsNow();
        let counted: number[];
        if (reached.some((cursor) => bucket >= cursor)) {
          byBucket.update(key, bucket, timestamp, oneMore);
          counted = current.update(key, timestamp, (old) => {
            return reached.map((cursor, i) => (old?.[i] ?? 0) + (bucket >= cursor ? 1 : 0));
          }).value;
        } else {
          counted = current.get(key) ?? lengthsMs.map(() => 0);
          // A record is late for a window only: see what `late` counts.
          context.dropped('older-than-rolling-count');
          context.forwardTo(lateOutput, record);
        }
        context.forward({ key, value: counted, timestamp, headers });
      },
    };
  };
}

/** The state of a rolling count. */
export function rollingCountState<K>(spec: RollingCountSpec<K>): StepState<K> {
  const { buckets, counts, cursors, lengthsMs, resolutionMs } = spec;
  const longestMs = Math.max(...lengthsMs);
  return {
    stores: [buckets, counts, cursors],
    open(context) {
      const byBucket = context.windowStore<K, number>(buckets.name);
      const current = context.keyValueStore<K, number[]>(counts.name);
      const left = context.keyValueStore<string, number>(cursors.name);
      return {
        forget(key) {
          const entry = current.getTimestamped(key);
          if (!entry) return;
          current.delete(key);
          let rest = Math.max(...entry.value);
          /** Deletes the key's buckets from one down to another, until all that is counted is found. */
          function sweep(from: number, to: number): void {
            for (let bucket = from; rest > 0 && bucket >= to; bucket -= resolutionMs) {
              const count = byBucket.fetch(key, bucket);
              if (count === undefined) continue;
              byBucket.delete(key, bucket);
              rest -= count;
            }
          }
          // Nothing is counted before the cursor of the longest length, nor after that length.
          const oldest = left.get(String(longestMs)) ?? 0;
          const newest = bucketOf(oldest + longestMs + resolutionMs, resolutionMs);
          // Mostly, nothing is counted after the counts were written last: a day has many buckets.
          const written = Math.min(bucketOf(entry.timestamp, resolutionMs), newest);
          sweep(written, oldest);
          sweep(newest, written + resolutionMs);
          if (rest <= 0) return;
          // The rest was counted with another resolution. This reads every segment.
          const others = [...byBucket.fetchRange(key, 0, newest)];
          for (const [bucket] of others) byBucket.delete(key, bucket);
        },
      };
    },
  };
}

function oneMore(count: number | undefined): number {
  return (count ?? 0) + 1;
}

function bucketOf(time: number, resolutionMs: number): number {
  return Math.floor(time / resolutionMs) * resolutionMs;
}

/** Counts as text: whole numbers with commas between. */
export const countsSerde: Serde<number[]> = {
  format: 'text',
  textLength: 12,
  serialize: (counts) => counts.join(','),
  deserialize: (text) => text.split(',').map(Number),
};
