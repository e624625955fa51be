// Timers on a clock that is turned by hand.

interface Timer {
  readonly at: number;
  readonly due: () => void;
}

/** See the top of this file. */
export class ManualTimers {
  readonly #timers = new Set<Timer>();

  /** Calls back once the clock shows this time. Returns what takes it back. */
  at(time: number, due: () => void): () => void {
    const timer = { at: time, due };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Calls back what is due until a time, earliest first; the clock is set to each time before. */
  turn(until: number, setClock: (time: number) => void): void {
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (timer.at <= until && (!next || timer.at < next.at)) next = timer;
      if (!next) break;
      this.#timers.delete(next);
      setClock(next.at);
      next.due();
    }
    setClock(until);
  }
}
