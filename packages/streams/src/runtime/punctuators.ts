// Punctuators of one task: callbacks by event time or by the time of day.
import { FatalError } from '../api/errors.ts';
import type { Cancellable, PunctuationType } from '../api/processor.ts';

/** What calls change, and an abort takes back. */
interface Due {
  readonly next: number;
  readonly cancelled: boolean;
}

interface Schedule {
  readonly intervalMs: number;
  readonly callback: (timestamp: number) => void;
  due: Due;
  /** As the commit in flight, and as the last commit, left it: where an abort goes back to. */
  sealed: Due;
  committed: Due;
}

/** The schedules of one task, for both clocks. */
export class Punctuators {
  readonly #schedules: { [T in PunctuationType]: Schedule[] } = { 'stream-time': [], 'wall-clock': [] };

  /**
   * Adds a schedule. By wall clock it is first due one interval from now; by stream time with the first
   * record.
   */
  add(
    type: PunctuationType,
    intervalMs: number,
    now: number,
    callback: (timestamp: number) => void,
  ): Cancellable {
    if (!(intervalMs >= 1)) {
      const message = `schedule() needs an interval of 1 ms or more, not ${intervalMs}`;
      throw new FatalError('TOPOLOGY_INVALID', message);
    }
    const due = { next: type === 'wall-clock' ? now + intervalMs : 0, cancelled: false };
    const schedule: Schedule = { intervalMs, callback, due, sealed: due, committed: due };
    this.#schedules[type].push(schedule);
    return {
      cancel() {
        schedule.due = { ...schedule.due, cancelled: true };
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
      // Only the time of day goes back: what is further away than an interval was due by the former clock.
      if (type === 'wall-clock' && schedule.due.next - time > schedule.intervalMs)
        schedule.due = { ...schedule.due, next: time + schedule.intervalMs };
      const { next, cancelled } = schedule.due;
      if (cancelled || time < next) continue;
      const missed = Math.floor((time - next) / schedule.intervalMs);
      schedule.due = { next: next + (missed + 1) * schedule.intervalMs, cancelled };
      schedule.callback(time);
      called = true;
    }
    return called;
  }

  /** A commit begins: what has been called is part of it. */
  seal(): void {
    for (const schedule of this.#all()) schedule.sealed = schedule.due;
  }

  /** The commit has succeeded. */
  commit(): void {
    for (const schedule of this.#all()) schedule.committed = schedule.sealed;
  }

  /**
   * What the calls since the last commit wrote is forgotten: they are due again, and what they cancelled is
   * not.
   */
  abort(): void {
    for (const schedule of this.#all()) schedule.due = schedule.committed;
  }

  #all(): Schedule[] {
    return [...this.#schedules['stream-time'], ...this.#schedules['wall-clock']];
  }
}
