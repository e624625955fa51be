// The Processor API: what an operator, ours or a user's, is given and must implement.
import type { Record } from '../record.ts';
import type { Headers } from '../kafka/port.ts';
import type { ExpiringStore, KeyValueStore, WindowStore } from '../state/store.ts';

/** Where the record being processed lies in Kafka. */
export interface RecordPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The record's own timestamp, before any extractor. */
  readonly timestamp: number;
}

/** Which clock a punctuator follows: event time as records bring it, or the time of day. */
export type PunctuationType = 'stream-time' | 'wall-clock';

/** Stops a punctuator. */
export interface Cancellable {
  cancel(): void;
}

/** See {@link ProcessorContext.onCommit}. */
export interface CommitCallbacks {
  beforeCommit(): void;
  afterAbort(): void;
}

/** What a processor can do while it processes a record or punctuates. */
export interface ProcessorContext<KO, VO> {
  readonly taskId: string;
  readonly partition: number;
  /** The highest event time this task has seen, in epoch milliseconds; -1 before the first record. */
  readonly streamTime: number;
  /** The time of day in epoch milliseconds: a manual clock in tests. */
  now(): number;
  /** Passes a record on to all children. */
  forward(record: Record<KO, VO>): void;
  /** Passes a record on to the children of one named output: a branch, or a side output such as `late`. */
  forwardTo<K, V>(output: string, record: Record<K, V>): void;
  keyValueStore<K, V>(name: string): KeyValueStore<K, V>;
  windowStore<K, V>(name: string): WindowStore<K, V>;
  expiringStore<K, V>(name: string): ExpiringStore<K, V>;
  /** Calls back every `intervalMs` of the clock named. */
  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => void): Cancellable;
  /**
   * Calls back around commits: `beforeCommit` while records can still be forwarded into this commit, `afterAbort` when
   * everything since the last commit is to be forgotten. For processors that hold records back.
   */
  onCommit(callbacks: CommitCallbacks): void;
  /** Where the current record lies; undefined while punctuating. */
  position(): RecordPosition | undefined;
  /**
   * Sends the untouched bytes of the record being processed to the dead-letter topic, in the same transaction.
   * @throws FatalError where no dead-letter topic is configured.
   */
  deadLetter(reason: string, message: string): void;
  /** Counts a dropped record in the metrics, by reason. */
  dropped(reason: string): void;
  /** Counts a late record in the metrics. */
  late(): void;
}

/** One instance a task. `process` is synchronous: state is local, and nothing is awaited for each record. */
export interface Processor<KI, VI, KO, VO> {
  init?(context: ProcessorContext<KO, VO>): void;
  process(record: Record<KI, VI>): void;
  close?(): void;
}

/** Makes a processor for a task. */
export type ProcessorSupplier<KI, VI, KO, VO> = () => Processor<KI, VI, KO, VO>;

/** Answers a record's event time in epoch milliseconds. A negative or fractional one drops the record. */
export type TimestampExtractor = (value: unknown, record: { timestamp: number; headers: Headers }) => number;
