// The options that DSL steps take.
import type { Emit } from '../operators/aggregate.ts';
import type { Duration } from '../api/duration.ts';
import type { OffsetReset } from '../api/offset-reset.ts';
import { chooserOf } from '../api/partition-key.ts';
import type { Serde } from '../api/serde.ts';
import type { TimestampExtractor } from '../api/processor.ts';
import type { KStream } from './stream.ts';
import type { Partitioner } from '../topology/topology.ts';

/** A step's own name, instead of a numbered one. */
export interface Named {
  name?: string;
}

/**
 * How a topic is read. A key or value that its serde cannot read is a failure of the stage `deserialization`.
 */
export interface Consumed<K, V> extends Named {
  key: Serde<K>;
  value: Serde<V>;
  /**
   * The event time in epoch milliseconds; the record's own timestamp unless given. A record with a negative
   * or fractional one is dropped, and counted as such.
   */
  timestamp?: (value: V, record: Parameters<TimestampExtractor>[1]) => number;
  /** Where a partition without a committed offset begins; `offsetReset` of the application unless given. */
  offsetReset?: OffsetReset;
}

/** How a topic is written. Serdes default to those the stream is known to have. */
export interface Produced<K, V> extends Named {
  key?: Serde<K>;
  value?: Serde<V>;
  /**
   * Returns a record's partition, below `partitions`; `source` is the partition of the record being
   * processed. Kafka's default unless given: murmur2 of the key, as the Java client chooses; the source's
   * partition where there is no key.
   */
  partitioner?: (record: { key: K; value: V }, partitions: number, source: number) => number;
}

/**
 * How a stream is grouped. Serdes default to those the stream is known to have;
 * `name` names the repartition topic.
 */
export interface Grouped<K, V> extends Named {
  key?: Serde<K>;
  value?: Serde<V>;
}

/** How a stream is sent through a topic of the application's own. */
export interface Repartitioned<K, V> extends Grouped<K, V> {
  /** As many as the largest topic that feeds it, unless given. */
  partitions?: number;
}

/** How a result is kept. Serdes default to those the stream is known to have. */
export interface Materialized<K, V> {
  /** The store's name, by which it can be read, and which is also in its changelog's name. */
  store?: string;
  key?: Serde<K>;
  value?: Serde<V>;
  /**
   * When changes come out: `update`, each of them (the default), or `commit`, at each commit the last one of
   * every key, which costs much less where keys change often. What Kafka Streams' record cache does unseen.
   */
  emit?: Emit;
  /** false: kept without a changelog; a crash loses it. Default true. */
  changelog?: boolean;
}

/**
 * How a windowed result is kept, and what happens to late records.
 * The store keeps windows for their size and grace.
 */
export interface WindowMaterialized<K, V, A> extends Materialized<K, A> {
  /** Gets the records that were too late for every window of theirs, in the same transaction. */
  onLate?: (late: KStream<K, V>) => void;
}

/** How a table is kept that a topic is read as, or that a stream becomes. */
export interface TableMaterialized<K, V> extends Pick<Materialized<K, V>, 'store' | 'changelog'> {
  /**
   * Makes it a versioned table, which keeps earlier rows this long behind the latest time that it has seen:
   * streams are joined with the rows of their time. A change that is older is dropped. The newest row of a
   * key is kept in any case.
   */
  historyRetention?: Duration;
}

/** How a stream is joined with a table. Serdes are for what is kept or sent through a topic on the way. */
export interface Joined<K, V> extends Named {
  key?: Serde<K>;
  value?: Serde<V>;
  /**
   * How long records wait, by the time of their stream, before they are joined: for rows that come late.
   * Needs a versioned table that keeps its rows as long. A record that is further behind is joined at once.
   */
  grace?: Duration;
  /** What the store of the records that wait is called. */
  store?: string;
}

/** How two streams are joined. Serdes default to those the streams are known to have. */
export interface StreamJoined<K, V1, V2> extends Named {
  key?: Serde<K>;
  value?: Serde<V1>;
  /** That of the other stream. */
  otherValue?: Serde<V2>;
  /** What the names of the stores begin with, which are also in the names of their changelogs. */
  store?: string;
  /**
   * true: a stream that is joined with itself keeps its records once, not once for each side. A late record
   * may then be joined with itself 1 ms less long. What `topology.optimization` does in Kafka Streams.
   */
  singleStore?: boolean;
  /** false: kept without changelogs; a crash loses what waits for the other side. Default true. */
  changelog?: boolean;
}

/**
 * How two tables are joined. The result is worked out from both when it is asked for, unless it has a store.
 */
export interface TableJoined<K, VO> extends Named {
  /** Keeps the result under this name, by which it can be read. It then needs serdes. */
  store?: string;
  key?: Serde<K>;
  value?: Serde<VO>;
  /** false: kept without a changelog; a crash loses it. Default true. */
  changelog?: boolean;
}

/** How two tables are joined by a foreign key. Serdes default to those the tables are known to have. */
export interface ForeignKeyJoined<K, V, FK, VF, VO> extends TableJoined<K, VO> {
  /** The result's: it is kept in a store. */
  value: Serde<VO>;
  /** That of this table's values: an answer to a value that has changed since is known by its bytes. */
  leftValue?: Serde<V>;
  /** Those of the other table. */
  foreignKey?: Serde<FK>;
  foreignValue?: Serde<VF>;
}

/** The partitioner that was given, or else the one of the key's serde, in the untyped form of the graph. */
export function partitionerOf<K, V>(produced: Produced<K, V>, keySerde: Serde<K>): Partitioner | undefined {
  return (produced.partitioner as Partitioner | undefined) ?? chooserOf(keySerde);
}
