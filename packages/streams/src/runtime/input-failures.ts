// What becomes of an input record that fails in a task: its dead letter, or the end of the application.
import type { FatalError } from '../api/errors.ts';
import type { SourceRecord } from '../api/record.ts';
import { recordName, type Refusal, type Refusals } from './commit-isolation.ts';
import type { FailureStage } from './failure-policy.ts';
import { EndingError, isFinal, stageOf, type TaskFailures } from './task-failures.ts';
import type { Fetched, TaskInput } from './task-input.ts';
import type { TaskOutputs } from './task-outputs.ts';

/** What the failures of input records are handled with. */
export interface InputFailuresOptions {
  failures: TaskFailures;
  outputs: TaskOutputs;
  refusals: Refusals;
}

/** See the top of this file. */
export class InputFailures {
  readonly #options: InputFailuresOptions;
  /** The record that ends the application, and why, once what was processed before it is committed. */
  #fatal: { topic: string; offset: number; error: FatalError } | undefined;
  #reachedFatal = false;

  constructor(options: InputFailuresOptions) {
    this.#options = options;
  }

  /** See {@link Task.failure}. */
  get failure(): FatalError | undefined {
    return this.#reachedFatal ? this.#fatal?.error : undefined;
  }

  /** Whether the record was reached that is to end the application. */
  get hasReachedEnd(): boolean {
    return this.#reachedFatal;
  }

  /** Whether this error ends the application for one of the task's records. */
  endsWith(error: unknown): boolean {
    return this.#fatal !== undefined && error === this.#fatal.error;
  }

  /** The task reads again from its positions. */
  reset(): void {
    this.#reachedFatal = false;
  }

  /** Whether the application ends with this record: nothing after it is processed. */
  endsAt({ queue }: TaskInput, { offset }: SourceRecord): boolean {
    const isEnd = this.#fatal?.offset === offset && this.#fatal.topic === queue.topic;
    if (isEnd) this.#reachedFatal = true;
    return isEnd;
  }

  /** What was refused of what was written for a record. */
  refusal({ input: { queue }, source: { offset } }: Fetched): Refusal | undefined {
    const { records } = this.#options.refusals;
    return records.size > 0 ? records.get(recordName(queue.topic, queue.partition, offset)) : undefined;
  }

  /** A step, or a serde of what is written, threw while a record was processed. */
  threw(record: Fetched, error: unknown): void {
    if (isFinal(error)) throw error;
    // Of several calls that are made for a record each may fail: it fails once.
    if (record.hasFailed === true) return;
    record.hasFailed = true;
    this.failed(stageOf(error), record, error);
  }

  /** A record has failed. `isBare` leaves its bytes out of its dead letter. */
  failed(stage: FailureStage, { input, source }: Fetched, error: unknown, isBare = false): void {
    const { failures, outputs } = this.#options;
    const { topic } = input.queue;
    try {
      const letter = failures.ofInput(stage, { topic, source, node: input.node.name }, error, isBare);
      if (letter) outputs.collect(letter);
    } catch (failure) {
      if (failure instanceof EndingError) this.#fatal = { topic, offset: source.offset, error: failure };
      throw failure;
    }
  }
}
