// The Processor API: what an operator, ours or a user's, is given and must implement.
import type { RecordHeaders, StreamRecord } from './record.ts';
import type { BufferStore } from './buffer-store.ts';
import type { SessionStore } from './session-store.ts';
import type { ExpiringStore, KeyValueStore, TimelineStore, WindowStore } from './stores.ts';

/** Where the record being processed is in Kafka. */
export interface RecordPosition {
  readonly topic: string;
  readonly partition: number;
  /** How many partitions the topic has. */
  readonly partitions: number;
  readonly offset: number;
  /** The record's own timestamp, before any extractor. */
  readonly timestamp: number;
}

/** Which clock a punctuator follows: event time as records bring it, or the time of day. */
export type PunctuationType = 'stream-time' | 'wall-clock';

/** Stops a punctuator. */
export interface Cancellable {
  /** It is never called again. May be called in its own callback. */
  cancel(): void;
}

/** A clock of a step's own: see {@link ProcessorContext.clock}. */
export interface StepClock {
  /** The latest time that it was moved to, in epoch milliseconds; -1 before the first. */
  readonly time: number;
  /** Moves it forward to a time; it never goes back. Returns {@link StepClock.time}. */
  advance(time: number): number;
}

/** See {@link ProcessorContext.onCommit}. */
export interface CommitCallbacks {
  /** A commit begins: what is forwarded and written now is part of it. An error stops the application. */
  beforeCommit(): void;
  /** Everything since the last commit is forgotten: forget what belongs to it. */
  afterAbort(): void;
}

/** What a processor can do while it processes a record or punctuates. Everything is synchronous. */
export interface ProcessorContext<KO, VO> {
  /** The task, such as `0_3`: sub-topology and partition. */
  readonly taskId: string;
  /** The partition of the task, which is that of the records it processes. */
  readonly partition: number;
  /** The highest event time this task has seen, in epoch milliseconds; -1 before the first record. */
  readonly streamTime: number;
  /** The time of day in epoch milliseconds: a manual clock in tests. */
  now(): number;
  /** Passes a record on to all children. */
  forward(record: StreamRecord<KO, VO>): void;
  /**
   * Passes a record on to the children of one named output: a branch, or a side output such as `late`. Where
   * the output has none, the record ends here. See {@link KStream.output}.
   */
  forwardTo<K, V>(output: string, record: StreamRecord<K, V>): void;
  /**
   * Passes on a record that was held back, and that the record being processed does not stand for. It fails
   * alone, as one that a punctuator forwards: the record being processed goes on.
   */
  forwardAlone(record: StreamRecord<KO, VO>): void;
  /**
   * A clock that commits with the offsets: after a restart it shows what was committed, and an abort takes
   * back what was not. The same name is the same clock in all steps of the task. For steps that must decide
   * by the times that have reached them, not by {@link ProcessorContext.streamTime}.
   */
  clock(name: string): StepClock;
  /**
   * A store, of this task's partition, that the step named in `stores`.
   * @throws FatalError with TOPOLOGY_INVALID where the step did not, or where the store is of another kind.
   */
  keyValueStore<K, V>(name: string): KeyValueStore<K, V>;
  /** See {@link ProcessorContext.keyValueStore}. */
  windowStore<K, V>(name: string): WindowStore<K, V>;
  /** See {@link ProcessorContext.keyValueStore}. */
  sessionStore<K, V>(name: string): SessionStore<K, V>;
  /** See {@link ProcessorContext.keyValueStore}. */
  bufferStore<K, V>(name: string): BufferStore<K, V>;
  /** See {@link ProcessorContext.keyValueStore}. */
  expiringStore<K, V>(name: string): ExpiringStore<K, V>;
  /** See {@link ProcessorContext.keyValueStore}. */
  timelineStore<K, V>(name: string): TimelineStore<K, V>;
  /**
   * Calls back every `intervalMs` of the clock named, with that clock's time: by stream time first with the
   * first record, by wall clock first after one interval. Missed intervals are made up for by one call.
   * Schedules are not kept over a restart: call it in `init`. A call whose commit fails is made again. What
   * the callback throws is a failure of the stage `processing`. A record that it forwards fails alone.
   * Neither has an input record: see {@link Failure}.
   * @throws FatalError with TOPOLOGY_INVALID for an interval below 1 ms.
   */
  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => void): Cancellable;
  /**
   * Calls back around commits: `beforeCommit` while records can still be forwarded into this commit,
   * `afterAbort` when everything since the last commit is to be forgotten.
   * For processors that hold records back.
   */
  onCommit(callbacks: CommitCallbacks): void;
  /** Where the current record is; undefined while punctuating. */
  position(): RecordPosition | undefined;
  /**
   * Sends the untouched bytes of the record being processed to the dead-letter topic,
   * in the same transaction.
   * @throws FatalError where no dead-letter topic is configured, or where no record is being processed.
   */
  deadLetter(reason: string, message: string): void;
  /** Counts a dropped record in the metrics, by reason. */
  dropped(reason: string): void;
  /** Counts a record in the metrics that came after its window had closed. */
  late(): void;
}

/**
 * A step of your own: one instance for each task. `process` is synchronous: state is local, and nothing is
 * awaited for a record. What it keeps in fields is lost with the task and is not taken back by an abort: keep
 * state in stores.
 * @example
 * function sumUp(store: string): Processor<string, number, string, number> {
 *   let context: ProcessorContext<string, number>;
 *   return {
 *     init: (given) => {
 *       context = given;
 *     },
 *     process(record) {
 *       const sums = context.keyValueStore<string, number>(store);
 *       const value = (sums.get(record.key) ?? 0) + record.value;
 *       sums.put(record.key, value, record.timestamp);
 *       context.forward({ ...record, value });
 *     },
 *   };
 * }
 */
export interface Processor<KI, VI, KO, VO> {
  /** Called once, before the first record. */
  init?(context: ProcessorContext<KO, VO>): void;
  /** Called for each record, in order. What it throws is a failure of the stage `processing`. */
  process(record: StreamRecord<KI, VI>): void;
  /** Called when the task ends in order; not after a crash. What it throws is logged. */
  close?(): void;
}

/** Makes a processor for a task: a new one each time it is called. */
export type ProcessorSupplier<KI, VI, KO, VO> = () => Processor<KI, VI, KO, VO>;

/** Returns a record's event time in epoch milliseconds. A negative or fractional one drops the record. */
export type TimestampExtractor = (
  value: unknown,
  record: { timestamp: number; headers: RecordHeaders },
) => number;
