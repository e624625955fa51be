// Finds the record that makes a commit fail: the work is done again in commits of half as many records, until one record
// is alone in a refused commit. Its task then treats it as a failed record, and the others are committed.
import { partitionName, StreamsError, type StreamsErrorCode } from '@activity/kafka';
import { textOf } from './error-message.ts';
import type { RecordPosition } from '../api/processor.ts';

/** Where a record is. */
export type RecordPlace = Pick<RecordPosition, 'topic' | 'partition' | 'offset'>;

/** What was wrong with a record, and how often what was written for it has been refused. */
export interface Refusal {
  readonly error: unknown;
  readonly times: number;
}

/** Refused records, by the name of their topic's partition and their offset. */
export type Refusals = ReadonlyMap<string, Refusal>;

/** Without its bytes a dead letter is small enough for every topic; where that is refused too, nothing helps. */
const maxRefusals = 2;

/** The name of a record among {@link Refusals}. */
export function recordName(topic: string, partition: number, offset: number): string {
  return `${partitionName(topic, partition)}@${offset}`;
}

/** A commit that fails for what is in it: the broker refuses a record, or a step threw while the commit began. */
export class RefusedCommitError extends Error {
  override readonly name = 'RefusedCommitError';
  /** How many input records it has. */
  readonly processed: number;
  /** The last of them. */
  readonly last: RecordPlace | undefined;

  constructor(cause: unknown, processed: number, last: RecordPlace | undefined) {
    super(textOf(cause), { cause });
    this.processed = processed;
    this.last = last;
  }
}

const ofRecords = new Set<StreamsErrorCode>(['PROCESSING_FAILED', 'PRODUCTION_FAILED', 'TOPIC_UNKNOWN']);

/** Whether an error that was thrown while a commit began may be a record's fault. */
export function isOfRecords(error: unknown): boolean {
  return !(error instanceof StreamsError) || ofRecords.has(error.code);
}

/** See the top of this file. */
export class CommitIsolation {
  readonly #refusals = new Map<string, Refusal>();
  #limit = Number.POSITIVE_INFINITY;

  /** How many records the next commit may have. */
  get limit(): number {
    return this.#limit;
  }

  /** The records that were found. */
  get refusals(): Refusals {
    return this.#refusals;
  }

  /** A commit was refused. Returns whether doing it again can help. */
  refused({ processed, last, cause }: RefusedCommitError): boolean {
    if (processed > 1) {
      this.#limit = Math.floor(processed / 2);
      return true;
    }
    if (!last || processed === 0) return false;
    const name = recordName(last.topic, last.partition, last.offset);
    const times = (this.#refusals.get(name)?.times ?? 0) + 1;
    if (times > maxRefusals) return false;
    this.#refusals.set(name, { error: cause, times });
    this.#limit = 1;
    return true;
  }

  /** A commit has succeeded: what comes next may be larger again. */
  committed(maxRecords: number): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    this.#limit *= 2;
    if (this.#limit < maxRecords) return;
    this.#limit = Number.POSITIVE_INFINITY;
    this.#refusals.clear();
  }
}
