// The calls of one step that awaits, in one task: at most `maxInFlight` at once, one of a key at a time, each
// with a time limit and retries.
import { backoff } from '@activity/kafka';
import { AsyncTimeoutError, type AsyncProcessor, type CallSettings } from '../api/async-processor.ts';
import type { StreamRecord } from '../api/record.ts';
import type { ProcessorNode } from '../topology/topology.ts';
import type { Moment } from './task-moment.ts';

/** What calls need of whoever runs the task. */
export interface CallHost {
  /** Calls back after `ms` milliseconds, unless the function that it returns is called before. */
  after: (ms: number, then: () => void) => () => void;
  /** From 0 to below 1: the jitter of retries. */
  random: () => number;
  /** A call has settled: its task has something to deliver. */
  onSettled: () => void;
}

/** A record whose call has not been delivered. */
export interface HeldRecord {
  readonly calls: StepCalls;
  readonly record: StreamRecord<unknown, unknown>;
  readonly moment: Moment;
  readonly key: unknown;
  attempt: number;
  beganAt: number;
  /** Ends what the attempt waits for: its time limit, or the back-off before the next one. */
  cancel: () => void;
  controller: AbortController | undefined;
  /** What came of it, once it has settled. */
  outcome: { readonly result: unknown } | { readonly error: Error } | undefined;
  isAbandoned: boolean;
}

/** What came of the calls of a step since this was asked for last. Durations in milliseconds. */
export interface CallCounts {
  /** Calls that are in flight now. */
  readonly inFlight: number;
  readonly succeeded: number;
  /** Calls whose last attempt has failed. */
  readonly failed: number;
  readonly retried: number;
  /** How long the calls took that have succeeded or failed, all together, their retries included. */
  readonly durationMs: number;
}

/** With this many records of one key the step is full: the commit waits for them, one after the other. */
const maxOfKey = 16;

/** See the top of this file. */
export class StepCalls {
  readonly node: ProcessorNode;
  readonly processor: AsyncProcessor<unknown, unknown, unknown, unknown, unknown>;
  readonly #settings: CallSettings;
  readonly #host: CallHost;
  readonly #settle: (held: HeldRecord) => void;
  readonly #held = new Set<HeldRecord>();
  /** The records of each key that wait until the one before them is delivered. */
  readonly #waiting = new Map<unknown, HeldRecord[]>();
  #longWaits = 0;
  /** Records that may be called as soon as there is room. */
  #ready: HeldRecord[] = [];
  #nextReady = 0;
  #inFlight = 0;
  #counts = { succeeded: 0, failed: 0, retried: 0, durationMs: 0 };
  #hasChanged = false;

  /** `settle` is called with a record once its call has settled. */
  constructor(
    node: ProcessorNode,
    settings: CallSettings,
    processor: StepCalls['processor'],
    host: CallHost,
    settle: (held: HeldRecord) => void,
  ) {
    this.node = node;
    this.processor = processor;
    this.#settings = settings;
    this.#host = host;
    this.#settle = settle;
  }

  /** How many records are in the step: those that wait, those in flight and those to be delivered. */
  get size(): number {
    return this.#held.size;
  }

  /** Whether the step can do with no more records. */
  get isFull(): boolean {
    return this.#held.size >= this.#settings.maxInFlight || this.#longWaits > 0;
  }

  /** Takes a record, and calls for it as soon as it may. */
  take(record: StreamRecord<unknown, unknown>, moment: Moment): void {
    const { keyOf } = this.#settings;
    const key = keyOf?.(record.key);
    const held: HeldRecord = {
      calls: this,
      record,
      moment,
      key,
      attempt: 0,
      beganAt: 0,
      cancel: () => {},
      controller: undefined,
      outcome: undefined,
      isAbandoned: false,
    };
    this.#held.add(held);
    this.#hasChanged = true;
    if (key === undefined) {
      this.#callOrQueue(held);
      return;
    }
    const waiting = this.#waiting.get(key);
    if (!waiting) {
      this.#waiting.set(key, []);
      this.#callOrQueue(held);
      return;
    }
    waiting.push(held);
    if (waiting.length === maxOfKey - 1) this.#longWaits++;
  }

  /** A record's outcome was passed on: the next one of its key may be called. */
  delivered(held: HeldRecord): void {
    this.#held.delete(held);
    this.#hasChanged = true;
    if (held.key === undefined) return;
    const waiting = this.#waiting.get(held.key);
    const next = waiting?.shift();
    if (!waiting || !next) {
      this.#waiting.delete(held.key);
      return;
    }
    if (waiting.length === maxOfKey - 2) this.#longWaits--;
    this.#callOrQueue(next);
  }

  /** What is in flight is of no use any more: signals are aborted, and what comes of it is ignored. */
  abandon(reason: Error): void {
    const held = [...this.#held];
    this.#held.clear();
    this.#waiting.clear();
    this.#longWaits = 0;
    this.#ready = [];
    this.#nextReady = 0;
    this.#inFlight = 0;
    this.#hasChanged = held.length > 0;
    for (const one of held) one.isAbandoned = true;
    for (const one of held) {
      one.cancel();
      one.controller?.abort(reason);
    }
  }

  /** Counts since the last call; undefined where nothing has happened. */
  takeCounts(): CallCounts | undefined {
    if (!this.#hasChanged) return undefined;
    const counts = { ...this.#counts, inFlight: this.#inFlight };
    this.#counts = { succeeded: 0, failed: 0, retried: 0, durationMs: 0 };
    this.#hasChanged = false;
    return counts;
  }

  #callOrQueue(held: HeldRecord): void {
    if (this.#inFlight >= this.#settings.maxInFlight) {
      this.#ready.push(held);
      return;
    }
    this.#inFlight++;
    held.beganAt = performance.now();
    this.#attempt(held);
  }

  #attempt(held: HeldRecord): void {
    const { timeoutMs } = this.#settings;
    const { record } = held;
    const attempt = ++held.attempt;
    const controller = new AbortController();
    held.controller = controller;
    /** Whether somebody still waits for this attempt. Ends its time limit. */
    const takesOutcome = (): boolean => {
      if (held.isAbandoned || held.attempt !== attempt || held.controller !== controller) return false;
      held.cancel();
      held.controller = undefined;
      return true;
    };
    held.cancel = this.#host.after(timeoutMs, () => {
      if (!takesOutcome()) return;
      const error = new AsyncTimeoutError(`step ${this.node.name}: no result within ${timeoutMs} ms`);
      controller.abort(error);
      this.#failed(held, error);
    });
    const { timestamp, headers } = record;
    let promise: PromiseLike<unknown>;
    try {
      promise = this.processor.call(record, { signal: controller.signal, attempt, timestamp, headers });
    } catch (error) {
      promise = Promise.reject(error);
    }
    Promise.resolve(promise).then(
      (result) => {
        if (takesOutcome()) this.#settled(held, { result });
      },
      (error: unknown) => {
        if (takesOutcome()) this.#failed(held, error);
      },
    );
  }

  #failed(held: HeldRecord, error: unknown): void {
    const { retries, isRetriable, backoff: range } = this.#settings;
    if (held.attempt > retries || !isRetriable(error)) {
      this.#settled(held, { error: error instanceof Error ? error : new Error(String(error)) });
      return;
    }
    this.#counts.retried++;
    this.#hasChanged = true;
    const waitMs = backoff(held.attempt, range, this.#host.random);
    held.cancel = this.#host.after(waitMs, () => {
      if (!held.isAbandoned) this.#attempt(held);
    });
  }

  #settled(held: HeldRecord, outcome: NonNullable<HeldRecord['outcome']>): void {
    held.outcome = outcome;
    this.#counts['error' in outcome ? 'failed' : 'succeeded']++;
    this.#counts.durationMs += performance.now() - held.beganAt;
    this.#inFlight--;
    this.#settle(held);
    const next = this.#ready[this.#nextReady];
    if (!next) return;
    this.#nextReady++;
    if (this.#nextReady === this.#ready.length) {
      this.#ready = [];
      this.#nextReady = 0;
    }
    this.#callOrQueue(next);
  }
}
