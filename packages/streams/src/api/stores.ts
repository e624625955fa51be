// Stores as processors see them, and how a topology declares one.
import type { Serde } from './serde.ts';
import type { Timestamped } from './record.ts';

/**
 * Returns the new value of a key for its old one, undefined where there is none. With `mayChange`, it may
 * change the old value and return that: the value was written since the last commit began, and its serde has
 * a `textLength`, so that it is serialized when the next commit begins. Whoever has read the value before
 * sees the change.
 *
 * ```ts
 * store.update(key, timestamp, (old, mayChange) => {
 *   const totals = old && mayChange ? old : { ...(old ?? none) };
 *   totals.count++;
 *   return totals;
 * });
 * ```
 */
export type NextValue<V> = (old: V | undefined, mayChange: boolean) => V;

/**
 * Values by key, for processors. What an open transaction wrote is visible to its own task at once, and to
 * nobody else before it has committed; an abort takes it back. Values that were read are not to be changed:
 * put a new one. Writing serializes the value. It throws what the serde throws, a RangeError for a key of
 * more than 1,900 bytes or a time that is not in whole epoch milliseconds, and a RecordTooLargeError for what
 * no changelog takes: each is the failure of the record that is being processed,
 * and the store stays as it was.
 */
export interface KeyValueStore<K, V> {
  /** The value of a key. */
  get(key: K): V | undefined;
  /** The value of a key, and the event time it was put with. */
  getTimestamped(key: K): Timestamped<V> | undefined;
  /** Writes a value with the event time it is of, in epoch milliseconds. */
  put(key: K, value: V, timestamp: number): void;
  /** Removes a key; its changelog gets a tombstone. */
  delete(key: K): void;
  /**
   * Replaces a value by what `next` returns for it, in one look-up. The event time becomes the higher of
   * both. What it returns is good until the next write of this key. See {@link NextValue}.
   */
  update(key: K, timestamp: number, next: NextValue<V>): Timestamped<V>;
  /** What this task has written since the last commit began; `undefined` stands for deleted. */
  written(): Iterable<[K, Timestamped<V | undefined>]>;
  /** The value as it was when the last commit began. */
  before(key: K): V | undefined;
  /**
   * Keys from `from` to `to`, both included, in the order of their serialized form. What is written meanwhile
   * is not seen.
   */
  range(from: K, to: K): Iterable<[K, V]>;
  /** Every key, in the order of their serialized form. What is written meanwhile is not seen. */
  all(): Iterable<[K, V]>;
  /** Those of the keys whose serialized text begins so, bytes as one character each. */
  prefixScan(prefix: string): Iterable<[K, V]>;
}

/**
 * Values by key and window start, for processors; transactional as {@link KeyValueStore} is. Windows are kept
 * in segments of half the retention (a minute at least), which go whole: a window is there at least as long
 * as the retention says, by stream time. Times in epoch milliseconds.
 */
export interface WindowStore<K, V> {
  /** The value of a key in the window that starts then. */
  fetch(key: K, windowStart: number): V | undefined;
  /** The same, with the event time it was put with. */
  fetchTimestamped(key: K, windowStart: number): Timestamped<V> | undefined;
  /**
   * Writes a value with the event time it is of, its window's start at least;
   * for a window that is gone, nothing.
   */
  put(key: K, value: V, windowStart: number, timestamp: number): void;
  /** Removes a key's window. */
  delete(key: K, windowStart: number): void;
  /**
   * See {@link KeyValueStore.update}. A window that is gone is not brought back: the answer is then only
   * worked out.
   */
  update(key: K, windowStart: number, timestamp: number, next: NextValue<V>): Timestamped<V>;
  /** What this task has written since the last commit began; `undefined` stands for deleted. */
  written(): Iterable<[K, number, Timestamped<V | undefined>]>;
  /** The value as it was when the last commit began. */
  before(key: K, windowStart: number): V | undefined;
  /** The windows of one key that start between `from` and `to`, both included, oldest first. */
  fetchRange(key: K, from: number, to: number): Iterable<[number, V]>;
  /** Everything that starts between `from` and `to`, both included. */
  fetchAll(from: number, to: number): Iterable<[K, number, V]>;
  /** Lets go of what starts before this time, in whole segments. Only for stores that expire by hand. */
  expireBefore(windowStart: number): void;
}

/**
 * Values by key that are forgotten some time after they were put, by stream time, for processors;
 * transactional as {@link KeyValueStore} is.
 */
export interface ExpiringStore<K, V> {
  /** The value put within the retention, and the stream time it was put at. */
  get(key: K): Timestamped<V> | undefined;
  /** Puts a value as of now in stream time. */
  put(key: K, value: V): void;
  /**
   * Deletes every entry whose key's serialized text begins so; returns how many. It reads the whole store,
   * unless the store was declared with `prefixLength` and this is such a prefix.
   */
  deletePrefix(prefix: string): number;
}

/**
 * Values by key along event time, of which one key may have several at one time, for processors;
 * transactional as {@link KeyValueStore} is. The store's clock is the latest time that it has seen, whatever
 * the task's stream time is. Values that are the retention or more behind it are gone. What Kafka Streams
 * calls a window store that retains duplicates. Times in epoch milliseconds.
 */
export interface TimelineStore<K, V> {
  /** The latest time that the store has seen; -1 before the first. */
  readonly observedTime: number;
  /** Moves {@link observedTime} forward without a value. */
  observe(time: number): void;
  /**
   * Adds a value behind those that the key has at this time.
   * Returns false, and adds nothing, where the time is the retention or more behind.
   */
  put(key: K, value: V, time: number): boolean;
  /** Like {@link put}, in place of the value that was replaced at this time before. */
  replace(key: K, value: V, time: number): boolean;
  /** The values of a key from one time to another, both included, in the order of time and of arrival. */
  fetch(key: K, from: number, to: number): readonly { readonly time: number; readonly value: V }[];
}

/**
 * What time it is for a store. `stream-time`: the highest event time that the task has processed. `arrival`:
 * the highest timestamp that a record it has processed has in Kafka, before any extractor, whatever its event
 * time is.
 */
export type StoreClock = 'stream-time' | 'arrival';

/**
 * How a store is declared in a topology: what {@link StreamsBuilder.addStore} answers. Times in milliseconds.
 */
export interface StoreSpec {
  readonly name: string;
  readonly kind: 'keyValue' | 'window' | 'session' | 'expiring' | 'buffer' | 'timeline';
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  /** All but key-value stores: how long an entry is kept, by the store's clock. */
  readonly retentionMs?: number;
  /**
   * The size of the windows that a window store holds, where all have one, or the gap between sessions:
   * instances must agree on it.
   */
  readonly windowSizeMs?: number;
  /**
   * `manual`: a window store keeps everything until `expireBefore` is called, whatever stream time says.
   * `strict`: it finds nothing that starts a retention or more before the newest window that was put.
   */
  readonly expiry?: 'manual' | 'strict';
  /** The clock that an expiring store's entries are put and forgotten by; stream time unless given. */
  readonly clock?: StoreClock;
  /** How much time a segment spans; half the retention unless given. */
  readonly segmentMs?: number;
  /**
   * How many characters of a key's text are the prefix that entries are found by, 0 where it has none. So
   * `prefixScan`, and `deletePrefix` of an expiring store, of a whole prefix cost by what they find. It must
   * depend on no character behind the prefix.
   */
  readonly prefixLength?: (key: string) => number;
  /** Expiring stores: how many committed entries are written to disk as one run; 65,536 unless given. */
  readonly runEntries?: number;
  /**
   * false: entries are not kept decoded once they are committed. They are hardly read again, and would take
   * the place of others.
   */
  readonly cached?: boolean;
  /** false: nothing is written to Kafka, and a crash loses it. */
  readonly changelog: boolean;
  /** The topic that the changelog is, instead of one of its own. */
  readonly changelogTopic?: string;
}

/** Whether the entries of a kind of store expire by time. Others stay until they are deleted. */
export function hasRetention(kind: StoreSpec['kind']): boolean {
  return kind !== 'keyValue' && kind !== 'buffer';
}
