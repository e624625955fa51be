// Supervised: one part that is started again when it dies, with back-off, until it dies too often.
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '@activity/kafka/core';
import type { Report } from '@activity/testbed/fetch/context';
import { hasRoom, isDiskFull } from '@activity/testbed/process/disk-full';
import { describeExit, Part, type PartSpec } from '@activity/testbed/process/part';
import { Problem, reasonOf } from '@activity/testbed/process/problem';

/** Deaths in a row, without being healthy in between, that end the whole. */
const deathsToEnd = 5;

/** A part that was healthy for this long begins with the shortest back-off when it dies. */
const settledMs = 30_000;

/** Waits before a part is started again, in milliseconds: 0.5 s, 1 s, 2 s, … 15 s. */
const restartWaits = { from: 500, to: 15_000 };

/** Who is told what happens to a part. */
export interface Watcher {
  report: Report;
  /** The part's state changed. */
  changed(): void;
  /** The part died too often: the whole has to stop. */
  failed(problem: Problem): void;
}

/** The wait before start number `attempt` (from 1) in a row, in milliseconds. */
export type WaitBeforeStart = (attempt: number) => number;

/**
 * ```
 *  boot ──▶ healthy ──dies──▶ waiting ──▶ starting ──▶ healthy
 *                                ▲            │
 *                                └───dies─────┘   fifth death in a row, on a disk with room ──▶ failed
 * ```
 */
export class Supervised {
  readonly part: Part;
  readonly #watcher: Watcher;
  readonly #waitMs: WaitBeforeStart;
  readonly #stop = new AbortController();
  /** Aborted when the part is stopped, or taken in hand for a reload. */
  #watching = new AbortController();
  #reloads: Promise<unknown> = Promise.resolve();
  #healthySince = 0;
  #quickDeaths = 0;
  /** Undefined when healthy, otherwise why not. */
  trouble: string | undefined = 'is starting';
  restarts = 0;

  constructor(spec: PartSpec, watcher: Watcher, waitMs: WaitBeforeStart = waitBeforeStart) {
    this.part = new Part(spec, watcher.report);
    this.#watcher = watcher;
    this.#waitMs = waitMs;
  }

  /**
   * Starts the part for the first time, and watches it from then on. Fails where it does not become healthy.
   */
  async boot(signal: AbortSignal): Promise<void> {
    await this.part.start(AbortSignal.any([signal, this.#stop.signal]));
    this.#becameHealthy();
    this.#watch();
  }

  /** Asks for the part's health, and says so when it has changed. */
  async check(): Promise<void> {
    if (!this.part.pid || this.trouble === 'is starting' || this.#stop.signal.aborted) return;
    let trouble = await this.part.check();
    // Once is an accident of timing.
    if (trouble !== undefined && this.trouble === undefined) trouble = await this.part.check();
    if (!this.part.pid || trouble === this.trouble || this.#stop.signal.aborted) return;
    if (trouble === undefined) this.#watcher.report('is healthy again');
    else if (this.trouble === undefined) this.#watcher.report(`is not healthy: ${trouble}`);
    this.trouble = trouble;
    this.#watcher.changed();
  }

  /**
   * Stops it in order and starts it again, for changed code; one reload after the other. False where it does
   * not start: it waits for the next reload then.
   */
  reload(): Promise<boolean> {
    const done = this.#reloads.then(() => this.#reload());
    this.#reloads = done;
    return done;
  }

  /** Stops the part in order; it is not started again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.part.stop();
  }

  /** Kills the part; it is not started again. */
  async kill(): Promise<void> {
    this.#stop.abort();
    await this.part.kill();
  }

  #becameHealthy(): void {
    this.#healthySince = Date.now();
    this.trouble = undefined;
    this.#watcher.changed();
  }

  async #reload(): Promise<boolean> {
    this.#watching.abort();
    this.trouble = 'is starting';
    this.#watcher.changed();
    await this.part.stop();
    try {
      await this.part.start(this.#stop.signal);
      this.restarts += 1;
      this.#becameHealthy();
      this.#watch();
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      this.trouble = 'waits for a change';
      this.#watcher.changed();
      this.#watcher.report(`${reasonOf(error)}\n${this.part.logTail()}`);
      return false;
    }
  }

  #watch(): void {
    this.#watching = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#watching.signal]);
    void this.#keepAlive(signal).catch((error: unknown) => {
      if (signal.aborted) return;
      this.#watcher.failed(error instanceof Problem ? error : new Problem(String(error), { cause: error }));
    });
  }

  async #keepAlive(signal: AbortSignal): Promise<void> {
    for (;;) {
      const exit = await this.part.exited;
      if (signal.aborted) return;
      if (Date.now() - this.#healthySince > settledMs) this.#quickDeaths = 0;
      await this.#revive(`died (${describeExit(exit)})`, signal);
    }
  }

  async #revive(how: string, signal: AbortSignal): Promise<void> {
    let last = how;
    let deaths = 1;
    for (let tries = 1; deaths < deathsToEnd; tries += 1) {
      this.trouble = last;
      this.#watcher.changed();
      const wait = this.#waitMs(tries + this.#quickDeaths);
      this.#watcher.report(`${last}; starting it again in ${wait / 1000} s`);
      await sleep(wait, undefined, { signal });
      try {
        this.restarts += 1;
        this.trouble = 'is starting';
        this.#watcher.changed();
        await this.part.start(signal);
        this.#quickDeaths += 1;
        this.#watcher.report('is healthy again');
        this.#becameHealthy();
        return;
      } catch (error) {
        signal.throwIfAborted();
        last = reasonOf(error).replace(`${this.part.name} `, '');
        // It may start when somebody has made room: until then the others go on.
        if (isDiskFull(error) || !hasRoom(dirname(this.part.spec.logFile))) last = `disk full: ${last}`;
        else deaths += 1;
      }
    }
    this.trouble = last;
    throw new Problem(`${this.part.name} died ${deathsToEnd} times in a row; see ${this.part.spec.logFile}`, {
      detail: this.part.logTail(),
    });
  }
}

/** Not shortened at random: it is shown to people, and one launcher starts the parts of one machine. */
function waitBeforeStart(attempt: number): number {
  return backoff(attempt, restartWaits, () => 0);
}
