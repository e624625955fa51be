// Finds the record that makes a commit fail: the work is done again in commits of half as many records, until
// one record is alone in a refused commit. Its task then treats it as a failed record, and the others are
// committed.
import { FatalError, partitionName, StreamsError, type StreamsErrorCode } from '@activity/kafka';
import { textOf } from './error-message.ts';
import type { RecordPosition } from '../api/processor.ts';
import { EndingError } from './task-failures.ts';

/** Where a record is. */
export type RecordPlace = Pick<RecordPosition, 'topic' | 'partition' | 'offset'>;

/** What was wrong with a record, and how often what was written for it has been refused. */
export interface Refusal {
  readonly error: unknown;
  readonly times: number;
}

/** What tasks do otherwise after commits that were refused. */
export interface Refusals {
  /** Refused records, by the name of their topic's partition and their offset. */
  readonly records: ReadonlyMap<string, Refusal>;
  /** Each record that steps held back for a commit fails alone: no input record was found for one of them. */
  readonly isHeldBackAlone: boolean;
  /** Punctuators are not called, for the commit that they were called for was refused with this. */
  readonly refusedCalls: { readonly error: unknown } | undefined;
}

/** Nothing was refused. */
export const noRefusals: Refusals = {
  records: new Map(),
  isHeldBackAlone: false,
  refusedCalls: undefined,
};

/**
 * Without its bytes a dead letter is small enough for every topic; where that is refused too, nothing helps.
 */
const maxRefusals = 2;

/** After this many commits without a refusal the next one may be larger, however small they were. */
const takenInARow = 32;

/** The name of a record among {@link Refusals}. */
export function recordName(topic: string, partition: number, offset: number): string {
  return `${partitionName(topic, partition)}@${offset}`;
}

/**
 * A commit that fails for what is in it: the broker refuses a record, or a step threw while the commit began.
 */
export class RefusedCommitError extends FatalError {
  /** How many input records it has. */
  readonly processed: number;
  /** The last of them. */
  readonly last: RecordPlace | undefined;
  /** Whether a punctuator was called for it. */
  readonly hasPunctuated: boolean;

  constructor(
    cause: unknown,
    { processed, last, hasPunctuated }: Pick<RefusedCommitError, 'processed' | 'last' | 'hasPunctuated'>,
  ) {
    super(cause instanceof StreamsError ? cause.code : 'PROCESSING_FAILED', textOf(cause), { cause });
    this.processed = processed;
    this.last = last;
    this.hasPunctuated = hasPunctuated;
  }
}

const ofRecords = new Set<StreamsErrorCode>(['PROCESSING_FAILED', 'PRODUCTION_FAILED', 'TOPIC_UNKNOWN']);

/** Whether an error that was thrown while a commit began may be a record's fault. */
export function isOfRecords(error: unknown): boolean {
  if (error instanceof EndingError) return false;
  return !(error instanceof StreamsError) || ofRecords.has(error.code);
}

/** See the top of this file. */
export class CommitIsolation implements Refusals {
  readonly #records = new Map<string, Refusal>();
  #isHeldBackAlone = false;
  #refusedCalls: { error: unknown } | undefined;
  #limit = Number.POSITIVE_INFINITY;
  /** Commits in a row that were taken. */
  #taken = 0;

  /** How many records the next commit may have. */
  get limit(): number {
    return this.#limit;
  }

  /** See {@link Refusals}. */
  get records(): ReadonlyMap<string, Refusal> {
    return this.#records;
  }

  get isHeldBackAlone(): boolean {
    return this.#isHeldBackAlone;
  }

  get refusedCalls(): { readonly error: unknown } | undefined {
    return this.#refusedCalls;
  }

  /** A commit was refused. Returns whether doing it again can help. */
  refused({ processed, last, hasPunctuated, cause }: RefusedCommitError): boolean {
    this.#taken = 0;
    if (processed > 1) {
      this.#limit = Math.floor(processed / 2);
      return true;
    }
    this.#limit = 1;
    // The one record is to blame only where nothing else can be.
    if (processed === 0 || hasPunctuated) {
      if (!this.#isHeldBackAlone) {
        this.#isHeldBackAlone = true;
        return true;
      }
      if (hasPunctuated && !this.#refusedCalls) {
        this.#refusedCalls = { error: cause };
        return true;
      }
    }
    if (!last || processed === 0) return false;
    const name = recordName(last.topic, last.partition, last.offset);
    const times = (this.#records.get(name)?.times ?? 0) + 1;
    if (times > maxRefusals) return false;
    this.#records.set(name, { error: cause, times });
    return true;
  }

  /**
   * A commit of this many records has succeeded: what comes next may be larger again. One that was smaller
   * than it might be shows little: were the limit raised for what other tasks or punctuators write between
   * two refusals, the one record would never be alone.
   */
  committed(processed: number, maxRecords: number, hasPunctuated: boolean): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    if (hasPunctuated) this.#refusedCalls = undefined;
    this.#taken++;
    if (processed < this.#limit && this.#taken < takenInARow) return;
    this.#limit *= 2;
    if (this.#limit < maxRecords) return;
    this.#limit = Number.POSITIVE_INFINITY;
    this.#records.clear();
    this.#isHeldBackAlone = false;
    this.#refusedCalls = undefined;
  }
}
