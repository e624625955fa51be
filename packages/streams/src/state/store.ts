// Stores as processors see them, and the part of them that the task drives.
import type { RecordBatches } from '../kafka/record-batches.ts';
import type { SourceRecord } from '../kafka/port.ts';
import type { Serde } from '../serde.ts';
import type { Timestamped } from '../record.ts';

/** Values by key. What an open transaction wrote is visible to its own task at once. */
export interface KeyValueStore<K, V> {
  get(key: K): V | undefined;
  getTimestamped(key: K): Timestamped<V> | undefined;
  /** Writes a value with the event time it is of. */
  put(key: K, value: V, timestamp: number): void;
  delete(key: K): void;
  /**
   * Replaces a value by what `next` makes of it, in one look-up. The event time becomes the higher of both. The answer is
   * good until the next write of this key.
   */
  update(key: K, timestamp: number, next: (old: V | undefined) => V): Timestamped<V>;
  /** What this task has written since the last commit began; `undefined` stands for deleted. */
  written(): Iterable<[K, Timestamped<V | undefined>]>;
  /** The value as it was when the last commit began. */
  before(key: K): V | undefined;
  /** Keys from `from` to `to`, both included, in the order of their serialized form. */
  range(from: K, to: K): Iterable<[K, V]>;
  all(): Iterable<[K, V]>;
}

/** Values by key and window start. Windows older than the retention are gone. */
export interface WindowStore<K, V> {
  fetch(key: K, windowStart: number): V | undefined;
  fetchTimestamped(key: K, windowStart: number): Timestamped<V> | undefined;
  put(key: K, value: V, windowStart: number, timestamp: number): void;
  delete(key: K, windowStart: number): void;
  /** See {@link KeyValueStore.update}. A window that is gone is not brought back: the answer is then only worked out. */
  update(key: K, windowStart: number, timestamp: number, next: (old: V | undefined) => V): Timestamped<V>;
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

/** Values by key that are forgotten some time after they were put, by stream time. */
export interface ExpiringStore<K, V> {
  /** The value put within the retention, and the stream time it was put at. */
  get(key: K): Timestamped<V> | undefined;
  /** Puts a value as of now in stream time. */
  put(key: K, value: V): void;
}

/** How a store is declared in a topology. Times in milliseconds. */
export interface StoreSpec {
  readonly name: string;
  readonly kind: 'keyValue' | 'window' | 'expiring';
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  /** Window and expiring stores: how long after stream time an entry is kept. */
  readonly retentionMs?: number;
  /** `manual`: a window store keeps everything until `expireBefore` is called, whatever stream time says. */
  readonly expiry?: 'manual';
  /** How much time a segment spans; half the retention unless given. */
  readonly segmentMs?: number;
  /** false: nothing is written to Kafka, and a crash loses it. */
  readonly changelog: boolean;
  /** The topic that the changelog is, instead of one of its own. */
  readonly changelogTopic?: string;
}

/** The part of a store that its task drives. */
export interface TaskStore {
  readonly name: string;
  /** The next changelog offset to read for this store. */
  position(): number;
  restore(records: readonly SourceRecord[], nextOffset: number): void;
  seal(records: RecordBatches): void;
  commit(position: number | undefined): void;
  abort(): void;
  /** Changes that are not on disk yet. */
  unflushed(): number;
  flush(): Promise<void>;
  size(): number;
  bytes(): number;
  clear(): Promise<void>;
  close(): Promise<void>;
}
