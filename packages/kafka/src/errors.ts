// Errors: one class for each remedy, so that whoever catches one knows what to do next.

/** What went wrong, by name; stable, for logs and for callers that branch. */
export type StreamsErrorCode =
  | 'CONNECTION_LOST'
  | 'TIMED_OUT'
  | 'BROKER_REFUSED'
  | 'PRODUCER_FENCED'
  | 'GENERATION_STALE'
  | 'GROUP_IN_USE'
  | 'COMMIT_OUTCOME_UNKNOWN'
  | 'SHUTDOWN_REQUESTED'
  | 'STATE_DAMAGED'
  | 'STATE_LOCKED'
  | 'STATE_UNWRITABLE'
  | 'OFFSET_MISSING'
  | 'OFFSET_OUT_OF_RANGE'
  | 'LOG_TRUNCATED'
  | 'TOPIC_UNKNOWN'
  | 'TOPIC_PARTITIONS_WRONG'
  | 'NOT_AUTHORIZED'
  | 'RECORD_TOO_LARGE'
  | 'BATCH_TOO_LARGE'
  | 'BUFFER_FULL'
  | 'TOPOLOGY_INVALID'
  | 'CONFIGURATION_INVALID'
  | 'DESERIALIZATION_FAILED'
  | 'PROCESSING_FAILED'
  | 'PRODUCTION_FAILED';

export interface StreamsErrorOptions {
  cause?: unknown;
  taskId?: string;
}

/**
 * The base of every error this library throws. Its class is the remedy, its code what went wrong, its message
 * what was being done and what to do about it.
 */
export class StreamsError extends Error {
  readonly code: StreamsErrorCode;
  /** The task it happened in, such as `0_3`: sub-topology and partition. */
  readonly taskId: string | undefined;

  constructor(code: StreamsErrorCode, message: string, options: StreamsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.taskId = options.taskId;
  }
}

/**
 * Remedy: try again. The broker was away, slow or moving; nothing of ours is wrong. A running application
 * does it by itself.
 */
export class RetriableError extends StreamsError {}

/**
 * Remedy: join the group again. This member's generation or producer has been replaced. A running application
 * does it by itself.
 */
export class RejoinError extends StreamsError {}

/**
 * Remedy: rebuild the task, for its positions cannot be used any more.
 * A running application does it by itself.
 */
export class TaskCorruptedError extends StreamsError {}

/**
 * Remedy: stop, and let a person look: trying again would fail the same way. It ends an application in the
 * state ERROR.
 */
export class FatalError extends StreamsError {}

/** What of a batch the broker refuses: its size, a time in it, or something else of a record. */
export type RefusedFor = 'size' | 'time' | 'content';

/** Remedy: write other records. The broker refuses a batch for ever, for what is in it. */
export class RefusedRecordsError extends FatalError {
  readonly topic: string;
  readonly partition: number;
  readonly refusedFor: RefusedFor;
  /** How many records the batch has, and how many bytes. */
  readonly records: number;
  readonly bytes: number;
  /**
   * Which of the commit's records for this partition are refused, counted from 0; empty where that is not
   * known.
   */
  readonly ordinals: readonly number[];

  constructor(
    message: string,
    about: Pick<RefusedRecordsError, 'topic' | 'partition' | 'refusedFor' | 'records' | 'bytes' | 'ordinals'>,
  ) {
    const { topic, partition, refusedFor, records, bytes, ordinals } = about;
    super(refusedFor === 'size' ? 'RECORD_TOO_LARGE' : 'BROKER_REFUSED', message);
    this.topic = topic;
    this.partition = partition;
    this.refusedFor = refusedFor;
    this.records = records;
    this.bytes = bytes;
    this.ordinals = ordinals;
  }
}
