// What a test driver is given and gives.
import type { RecordHeaders } from '../api/record.ts';
import type { FailurePolicy } from '../runtime/failure-policy.ts';
import type { RuntimeMetrics } from '../runtime/metrics.ts';

/** Settings of a test driver. */
export interface TestDriverOptions {
  /** In the names of internal topics; `test` unless given. */
  applicationId?: string;
  /** Topics that patterns of the topology match. */
  topics?: readonly string[];
  /** Partitions of every topic; 1 unless given. */
  partitions?: number;
  /** What the wall clock shows first, in epoch milliseconds; 0 unless given. It is turned by hand only. */
  now?: number;
  /**
   * `each`, unless given, processes and commits after every record piped in; `manual` leaves it to
   * {@link TopologyTestDriver.process} and {@link TopologyTestDriver.commit}.
   */
  commits?: 'each' | 'manual';
  /** What happens to records that fail; unless given, the driver throws. */
  failures?: Partial<FailurePolicy>;
  /** Counts what is to be counted. */
  metrics?: Partial<RuntimeMetrics>;
}

/** A record read from a topic; `undefined` is Kafka's null. */
export interface OutputRecord<K, V> {
  key: K | undefined;
  value: V | undefined;
  timestamp: number;
  headers: RecordHeaders;
  partition: number;
  offset: number;
}

/** A topic to write to. */
export interface TestInputTopic<K, V> {
  /** Writes a record; `undefined` is Kafka's null. The partition is the key's unless given. */
  pipe(
    key: K | undefined,
    value: V | undefined,
    timestamp: number,
    options?: { partition?: number; headers?: RecordHeaders },
  ): void;
}

/** A topic to read from, from where the last read ended. */
export interface TestOutputTopic<K, V> {
  /** The committed records since the last read, by partition. */
  readAll(): OutputRecord<K, V>[];
}

/**
 * A commit in flight. What is processed meanwhile belongs to the next one;
 * only one of these may be called, once.
 */
export interface PendingCommit {
  /** The broker commits, and says so. */
  succeed(): void;
  /** The transaction is aborted: its work and everything since is gone, and the input is read again. */
  fail(): void;
  /**
   * The broker commits, but the answer is lost:
   * the tasks go on from the committed offsets and the changelogs.
   */
  loseAnswer(): void;
}
