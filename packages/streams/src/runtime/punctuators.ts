// Punctuators of one task: callbacks by event time or by the time of day.
import type { Cancellable, PunctuationType } from '../api/processor.ts';

interface Schedule {
  intervalMs: number;
  next: number;
  /** `next` as the commit in flight, and as the last commit, left it: where an abort goes back to. */
  sealed: number;
  committed: number;
  callback: (timestamp: number) => void;
  cancelled: boolean;
}

/** The schedules of one task, for both clocks. */
export class Punctuators {
  readonly #schedules: { [T in PunctuationType]: Schedule[] } = { 'stream-time': [], 'wall-clock': [] };

  /** Adds a schedule. By wall clock it is first due one interval from now; by stream time with the first record. */
  add(
    type: PunctuationType,
    intervalMs: number,
    now: number,
    callback: (timestamp: number) => void,
  ): Cancellable {
    const next = type === 'wall-clock' ? now + intervalMs : 0;
    const schedule: Schedule = {
      intervalMs,
      next,
      sealed: next,
      committed: next,
      callback,
      cancelled: false,
    };
    this.#schedules[type].push(schedule);
    return {
      cancel() {
        schedule.cancelled = true;
      },
    };
  }

  /** Whether anything is scheduled by this clock. */
  has(type: PunctuationType): boolean {
    return this.#schedules[type].length > 0;
  }

  /** Calls what is due at this time; missed intervals are made up for by one call. */
  punctuate(type: PunctuationType, time: number): boolean {
    let called = false;
    for (const schedule of this.#schedules[type]) {
      if (schedule.cancelled || time < schedule.next) continue;
      const missed = Math.floor((time - schedule.next) / schedule.intervalMs);
      schedule.next += (missed + 1) * schedule.intervalMs;
      schedule.callback(time);
      called = true;
    }
    return called;
  }

  /** A commit begins: what has been called is part of it. */
  seal(): void {
    for (const schedule of this.#schedules['stream-time']) schedule.sealed = schedule.next;
  }

  /** The commit has succeeded. */
  commit(): void {
    for (const schedule of this.#schedules['stream-time']) schedule.committed = schedule.sealed;
  }

  /** What was called since the last commit is forgotten with it, and comes again with its records. */
  abort(): void {
    for (const schedule of this.#schedules['stream-time']) schedule.next = schedule.committed;
  }
}
