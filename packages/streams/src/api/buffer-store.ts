// The buffer store as processors see it: values that wait for a time.
import type { Timestamped } from './record.ts';

/** A value that waits. */
export interface Buffered<K, V> extends Timestamped<V> {
  readonly key: K;
  /**
   * What it waits for, in epoch milliseconds: entries come out in the order of this, and then of their keys.
   */
  readonly time: number;
}

/**
 * Values by key that wait for a time, for processors that hold records back; transactional as
 * {@link KeyValueStore} is. The smallest time is found at once, whatever waits behind it. Keys and times are
 * kept in memory, values on disk where the application has a `stateDir`.
 */
export interface BufferStore<K, V> {
  /** How many entries wait. */
  readonly length: number;
  /** About how many bytes they take: of keys and values as their serdes write them. */
  readonly byteLength: number;
  /** The smallest time that an entry waits for; undefined where nothing waits. */
  readonly firstTime: number | undefined;
  /** The first entry, by time and then by the serialized form of its key. */
  first(): Buffered<K, V> | undefined;
  /** What the entry of a key waits for; undefined where it has none. */
  waitsFor(key: K): number | undefined;
  /** The entry of a key. */
  get(key: K): Buffered<K, V> | undefined;
  /** Lets a value wait for a time, with the event time it is of. It takes the place of what the key had. */
  put(key: K, value: V, time: number, timestamp: number): void;
  /** Removes the entry of a key. */
  delete(key: K): void;
  /** Every entry, in the order of {@link first}. What is written meanwhile is not seen. */
  all(): Iterable<Buffered<K, V>>;
}
