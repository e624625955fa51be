// What is done every so often, by the time of day: a clock that was set back must not stop it.

/** See the top of this file. Times in milliseconds. */
export class Interval {
  readonly #ms: number;
  #last: number;

  /** The first time is one interval after `now`. */
  constructor(ms: number, now: number) {
    this.#ms = ms;
    this.#last = now;
  }

  /** Whether an interval has passed, or nobody knows how much has: the clock was set back. */
  isDue(now: number): boolean {
    return now - this.#last >= this.#ms || now < this.#last;
  }

  /** It is done now. */
  restart(now: number): void {
    this.#last = now;
  }
}
