// The steps that await: what a user's code implements, and the settings of its calls.
import type { ProcessorContext } from './processor.ts';
import type { RecordHeaders, StreamRecord } from './record.ts';
import type { Duration } from './duration.ts';

/** What the function of a step that awaits gets beside its record. */
export interface AsyncCall {
  /**
   * Aborted where nobody waits for the call any more: it took longer than `timeout`, or its task was closed
   * or went back to the last commit. Pass it on: `fetch(url, { signal })`.
   */
  readonly signal: AbortSignal;
  /** 1 for the first attempt, 2 for the first retry. */
  readonly attempt: number;
  /** The event time of the record, in epoch milliseconds. */
  readonly timestamp: number;
  /** The headers of the record. */
  readonly headers: RecordHeaders;
}

/**
 * A step of your own that awaits: one instance for each task. A record's call is awaited beside those of
 * other records; what comes of it is processed synchronously, between two records, as if the record were
 * processed then: its position, its dead letter, and the clocks as they were when it was taken.
 * @example
 * function price(): AsyncProcessor<string, Order, number, string, Priced> {
 *   let context: ProcessorContext<string, Priced>;
 *   return {
 *     init: (given) => {
 *       context = given;
 *     },
 *     call: ({ value }, { signal }) => prices.of(value.article, signal),
 *     process(record, price) {
 *       context.forward({ ...record, value: { ...record.value, price } });
 *     },
 *   };
 * }
 */
export interface AsyncProcessor<KI, VI, R, KO, VO> {
  /** Called once, before the first record. */
  init?(context: ProcessorContext<KO, VO>): void;
  /**
   * Called for each record, and awaited. It may be called more than once for a record: after a failure, a
   * crash, or a commit that failed. It must not use the context: other records are processed meanwhile.
   */
  call(record: StreamRecord<KI, VI>, call: AsyncCall): PromiseLike<R>;
  /**
   * Called with what a call has returned; it may use the context and its stores. What it throws is a failure
   * of the stage `processing`.
   */
  process(record: StreamRecord<KI, VI>, result: R): void;
  /**
   * Called where the last attempt has failed, with what it threw; it may use the context and its stores.
   * Without it the record is a failure of the stage `processing`: see `onFailure` of {@link StreamsOptions}.
   */
  failed?(record: StreamRecord<KI, VI>, error: Error): void;
  /** Called when the task ends in order; not after a crash. Calls in flight are aborted then. */
  close?(): void;
}

/** Makes a processor that awaits for a task: a new one each time it is called. */
export type AsyncProcessorSupplier<KI, VI, R, KO, VO> = () => AsyncProcessor<KI, VI, R, KO, VO>;

/** How a step awaits its calls. */
export interface AsyncOptions {
  /**
   * How many calls may be in flight at once, in each task (partition). While as many records wait in the
   * step, or 16 of one key, the task takes no more; the other tasks go on.
   * @default 100
   */
  maxInFlight?: number;
  /**
   * `key`: the records of a key are called one after the other, and come out in their order; those without a
   * key are in no order. `none`: every record is called as soon as there is room, and comes out as soon as
   * its call has returned.
   * @default 'key'
   */
  order?: 'key' | 'none';
  /**
   * How long one attempt may take: then its signal is aborted, what it returns later is ignored, and it
   * counts as failed.
   * @default '10s'
   */
  timeout?: Duration;
  /**
   * How often a call that failed is made again.
   * @default 3
   */
  retries?: number;
  /**
   * How long to wait before a retry: `from` before the first one, twice as long before each next one, at most
   * `to`; up to half of it is taken off at random. Unless given, from 100 ms to 5 s.
   */
  backoff?: { from: Duration; to: Duration };
  /**
   * Whether a call that failed with this is made again. Unless given, always.
   * @example (error) => !(error instanceof BadRequest)
   */
  isRetriable?: (error: unknown) => boolean;
}

/** {@link AsyncOptions} with nothing left open. Times in milliseconds. */
export interface CallSettings {
  readonly maxInFlight: number;
  /** The text of a key, of which one record is called at a time; undefined: there is no order. */
  readonly keyOf: ((key: unknown) => unknown) | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly backoff: { readonly from: number; readonly to: number };
  readonly isRetriable: (error: unknown) => boolean;
}

/** A call took longer than the `timeout` of its step. */
export class AsyncTimeoutError extends Error {
  override readonly name: string = 'AsyncTimeoutError';
}
