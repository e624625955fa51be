// Failure policy: what happens to a record that cannot be read, processed or written.
import { FatalError } from '../api/errors.ts';
import type { RecordHeaders, StreamRecord, SourceRecord } from '../api/record.ts';
import { errorHeaders, type ErrorHeaders } from './error-headers.ts';

/** Where a failure happened: reading a record with its serdes, in a step, or writing a record. */
export type FailureStage = 'deserialization' | 'processing' | 'production';

/**
 * What to do: stop the application, go on without the record, or send its untouched bytes to the dead-letter
 * topic.
 */
export type FailureAction = 'fail' | 'continue' | 'deadLetter';

/**
 * A record that failed: the input record, whatever step or output the failure was in. What a punctuator does
 * has no input record: then it is the record that the punctuator's step passed on or wrote.
 */
export interface Failure {
  readonly stage: FailureStage;
  /** The task, such as `0_3`: sub-topology and partition. */
  readonly taskId: string;
  /** The topic that the input record was read from; undefined without an input record. */
  readonly topic: string | undefined;
  /** The partition of the task, which is that of its input records. */
  readonly partition: number;
  /** The input record: its offset, timestamp, headers, and key and value as untouched bytes. */
  readonly record: SourceRecord | undefined;
  /** Without an input record: what failed, before serdes. Undefined where the punctuator itself threw. */
  readonly output: StreamRecord<unknown, unknown> | undefined;
  /** What was thrown. */
  readonly error: unknown;
}

/**
 * Decides what happens to a failed record. What the record had written and sent before it failed stays in the
 * commit.
 * @example ({ error }) => (error instanceof SyntaxError ? 'deadLetter' : 'fail')
 */
export type FailureHandler = (failure: Failure) => FailureAction;

/** A handler for each stage, and where dead letters go. */
export interface FailurePolicy {
  readonly deserialization: FailureHandler;
  readonly processing: FailureHandler;
  readonly production: FailureHandler;
  readonly deadLetterTopic: string | undefined;
}

/** What an application says of failures. */
export interface FailureChoices {
  onFailure: { readonly [Stage in FailureStage]?: FailureAction | FailureHandler } | undefined;
  deadLetterTopic: string | undefined;
}

function handler(choice: FailureAction | FailureHandler | undefined): FailureHandler {
  if (choice === undefined) return () => 'fail';
  return typeof choice === 'string' ? () => choice : choice;
}

/**
 * The policy that an application's choices make; what is not chosen fails.
 * @throws FatalError where dead letters are chosen without a topic for them.
 */
export function failurePolicy({ onFailure = {}, deadLetterTopic }: FailureChoices): FailurePolicy {
  if (deadLetterTopic === undefined && Object.values(onFailure).includes('deadLetter')) {
    throw new FatalError('CONFIGURATION_INVALID', "onFailure says 'deadLetter': set deadLetterTopic too");
  }
  return {
    deserialization: handler(onFailure.deserialization),
    processing: handler(onFailure.processing),
    production: handler(onFailure.production),
    deadLetterTopic,
  };
}

/** Why a record went to the dead-letter topic. */
export interface DeadLetterCause {
  readonly stage: string;
  readonly reason: string;
  readonly message: string;
  /** Where it was thrown; absent where nothing was. */
  readonly stack?: string | undefined;
}

/** The headers of a dead letter: the record's own, then where it came from and why. Texts are UTF-8. */
export function deadLetterHeaders(
  topic: string,
  partition: number,
  record: Pick<SourceRecord, 'offset' | 'timestamp' | 'headers'>,
  cause: DeadLetterCause,
): RecordHeaders {
  return [
    ...record.headers,
    text('dead-letter.topic', topic),
    text('dead-letter.partition', String(partition)),
    text('dead-letter.offset', String(record.offset)),
    text('dead-letter.timestamp', String(record.timestamp)),
    ...causeHeaders(cause, { topic, partition, offset: record.offset }),
  ];
}

/** The headers of a dead letter without an input record: the record's own, then its task, and what it is. */
export function outputLetterHeaders(
  taskId: string,
  what: string,
  headers: RecordHeaders,
  cause: DeadLetterCause,
): RecordHeaders {
  return [
    ...headers,
    text('dead-letter.task', taskId),
    text('dead-letter.output', what),
    ...causeHeaders(cause),
  ];
}

function causeHeaders(
  { stage, reason, message, stack }: DeadLetterCause,
  source?: ErrorHeaders['source'],
): RecordHeaders {
  return [
    text('dead-letter.stage', stage),
    text('dead-letter.reason', reason),
    text('dead-letter.message', message.slice(0, 2000)),
    ...errorHeaders({ exception: reason, message, stack, source }),
  ];
}

function text(key: string, value: string): RecordHeaders[number] {
  return { key, value: Buffer.from(value) };
}
