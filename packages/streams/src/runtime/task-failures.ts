// What becomes of the records that fail in a task: asks the failure policy, counts, and makes dead letters.
import { partitionName, RefusedRecordsError } from '@activity/kafka';
import { FatalError, StreamsError } from '../api/errors.ts';
import type { RecordHeaders, StreamRecord, SourceRecord } from '../api/record.ts';
import { checkRecordSize, RecordTooLargeError } from '../api/record-size.ts';
import type { Serialized } from '../api/serde.ts';
import type { OutputRecord } from './collector.ts';
import {
  deadLetterHeaders,
  outputLetterHeaders,
  type DeadLetterCause,
  type FailurePolicy,
  type FailureStage,
} from './failure-policy.ts';
import { framesOf } from './error-headers.ts';
import { textOf } from './error-message.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { TopologyCounts } from './topology-counts.ts';

/** What the failures of a task are handled with. */
export interface TaskFailuresOptions {
  taskId: string;
  /** The partition of the task. */
  partition: number;
  failures: FailurePolicy;
  metrics: RuntimeMetrics;
  counts: TopologyCounts;
}

/** An input record, and the topic that it was read from. */
export interface FailedInput {
  topic: string;
  /** The node that it failed in, where the error does not say: its source. */
  node: string;
  source: SourceRecord;
}

/**
 * What failed without an input record: a record that was passed on or written, or the whole call of a
 * punctuator.
 */
export interface FailedOutput {
  /** What it is, such as `a record for topic counts`. */
  what: string;
  /** The node that it failed in, where the error does not say. */
  node: string;
  /** Absent where the call failed as a whole. */
  record?: StreamRecord<unknown, unknown>;
  /** The bytes of the record, where it has any. */
  key?: Serialized | null;
  value?: Serialized | null;
}

type Letter = Omit<OutputRecord, 'topic' | 'partition' | 'onRefused'>;

/** The failure policy chose that the application ends. */
export class EndingError extends FatalError {
  constructor(...args: ConstructorParameters<typeof FatalError>) {
    super(...args);
    this.name = FatalError.name;
  }
}

/** See the top of this file. */
export class TaskFailures {
  readonly #options: TaskFailuresOptions;

  constructor(options: TaskFailuresOptions) {
    this.#options = options;
  }

  /**
   * An input record failed. Returns its dead letter, if there is to be one. `isBare` leaves its bytes out.
   * @throws FatalError where the application is to end.
   */
  ofInput(
    stage: FailureStage,
    { topic, source, node }: FailedInput,
    error: unknown,
    isBare: boolean,
  ): OutputRecord | undefined {
    const { taskId, partition, failures, metrics, counts } = this.#options;
    const failure = { stage, taskId, topic, partition, record: source, output: undefined, error };
    switch (failures[stage](failure)) {
      case 'continue':
        metrics.dropped(taskId, `${stage}-failed`);
        counts.node(this.#nodeOf(error, node)).dropped++;
        return undefined;
      case 'deadLetter':
        return this.inputLetter(
          { topic, source, node: this.#nodeOf(error, node) },
          causeOf(stage, error),
          isBare,
        );
      case 'fail':
        throw this.#fatal(stage, `${partitionName(topic, partition)} at offset ${source.offset}`, error);
    }
  }

  /**
   * A record failed that no input record stands for. Returns its dead letter, if there is to be one.
   * @throws FatalError where the application is to end.
   */
  ofOutput(stage: FailureStage, failed: FailedOutput, error: unknown): OutputRecord | undefined {
    const { taskId, partition, failures, metrics, counts } = this.#options;
    const { what, record, node } = failed;
    const failure = {
      stage,
      taskId,
      topic: undefined,
      partition,
      record: undefined,
      output: record,
      error,
    };
    switch (failures[stage](failure)) {
      case 'continue':
        metrics.dropped(taskId, `${stage}-failed`);
        counts.node(this.#nodeOf(error, node)).dropped++;
        return undefined;
      case 'deadLetter':
        return this.#outputLetter(stage, failed, error);
      case 'fail':
        throw this.#fatal(stage, `${what}, without an input record`, error);
    }
  }

  /**
   * The dead letter of an input record: without its bytes where it is too large with its headers, or
   * `isBare`.
   */
  inputLetter({ topic, source, node }: FailedInput, cause: DeadLetterCause, isBare: boolean): OutputRecord {
    const { partition } = this.#options;
    const { offset, timestamp, key, value } = source;
    const headers = deadLetterHeaders(topic, partition, source, cause);
    // With the headers it is larger than a record may be: they say where its bytes are as long as the source
    // keeps them.
    const alone = deadLetterHeaders(topic, partition, { offset, timestamp, headers: [] }, cause);
    // What no record may have is in the headers.
    const time = isEventTime(timestamp) ? timestamp : 0;
    return this.#letter(cause, node, { timestamp: time, key, value, headers }, alone, isBare);
  }

  #outputLetter(stage: FailureStage, failed: FailedOutput, error: unknown): OutputRecord {
    const { taskId } = this.#options;
    const { what, record, key = null, value = null } = failed;
    const node = this.#nodeOf(error, failed.node);
    const cause = causeOf(stage, error);
    const headers = (of: RecordHeaders): RecordHeaders => outputLetterHeaders(taskId, what, of, cause);
    const timestamp = record && isEventTime(record.timestamp) ? record.timestamp : 0;
    const whole = { timestamp, key, value, headers: headers(record?.headers ?? []) };
    const bare = (): OutputRecord => this.#letter(cause, node, whole, headers([]), true);
    const onRefused = (refusal: unknown): OutputRecord => ({
      ...bare(),
      onRefused: () => {
        throw this.#fatal(stage, `the dead letter of ${what}`, refusal);
      },
    });
    return { ...this.#letter(cause, node, whole, headers([]), false), onRefused };
  }

  #nodeOf(error: unknown, otherwise: string): string {
    return this.#options.counts.nodeOf(error) ?? otherwise;
  }

  #letter(
    cause: DeadLetterCause,
    node: string,
    whole: Letter,
    headers: RecordHeaders,
    isBare: boolean,
  ): OutputRecord {
    const { taskId, partition, failures, metrics, counts } = this.#options;
    const { deadLetterTopic: topic } = failures;
    if (topic === undefined) {
      const message = `a record is to be dead-lettered (${cause.reason}), but no dead-letter topic is configured`;
      throw new FatalError('CONFIGURATION_INVALID', message, { taskId });
    }
    const place = (count: number): number => partition % count;
    metrics.deadLettered(taskId, cause.reason);
    counts.node(node).deadLettered++;
    try {
      const { key, value } = whole;
      if (isBare) throw new RecordTooLargeError(topic, (key?.length ?? 0) + (value?.length ?? 0));
      checkRecordSize(topic, key, value, whole.headers);
      return { topic, ...whole, partition: place };
    } catch (error) {
      if (!(error instanceof RecordTooLargeError)) throw error;
      const omitted = { key: 'dead-letter.omitted', value: Buffer.from(error.message) };
      const { timestamp } = whole;
      return { topic, timestamp, key: null, value: null, headers: [...headers, omitted], partition: place };
    }
  }

  #fatal(stage: FailureStage, what: string, cause: unknown): EndingError {
    const code = `${stage.toUpperCase()}_FAILED` as 'PROCESSING_FAILED';
    const { taskId } = this.#options;
    return new EndingError(code, `${stage} of ${what}: ${textOf(cause)}`, { cause, taskId });
  }
}

/** Whether a record may have this time. */
export function isEventTime(timestamp: number): boolean {
  return Number.isSafeInteger(timestamp) && timestamp >= 0;
}

/** The time that a record has in Kafka. @throws RangeError where it has none: its producer was too old. */
export function ownTime({ timestamp }: SourceRecord): number {
  if (isEventTime(timestamp)) return timestamp;
  throw new RangeError(
    `the record has the timestamp ${timestamp}; give its source a \`timestamp\` that finds one`,
  );
}

const mistakes = new Set<string>([
  'TOPOLOGY_INVALID',
  'CONFIGURATION_INVALID',
  'STATE_DAMAGED',
  'STATE_UNWRITABLE',
  'BUFFER_FULL',
]);

/**
 * Whether an error ends the application whatever the handlers say: a mistake in the program, a lost disk, or
 * a buffer whose bounds say so. Or they have said so.
 */
export function isFinal(error: unknown): boolean {
  return error instanceof EndingError || (error instanceof FatalError && mistakes.has(error.code));
}

/** Which stage an error is of that was thrown while a record was processed. */
export function stageOf(error: unknown): FailureStage {
  if (error instanceof StreamsError && error.code === 'PRODUCTION_FAILED') return 'production';
  return error instanceof RecordTooLargeError || error instanceof RefusedRecordsError
    ? 'production'
    : 'processing';
}

function causeOf(stage: FailureStage, error: unknown): DeadLetterCause {
  const [reason, stack] = error instanceof Error ? [error.name, framesOf(error)] : ['Error'];
  return { stage, reason, message: textOf(error), stack };
}
