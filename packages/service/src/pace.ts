// Pace: long work in short pieces, so that every request is served meanwhile.

/** How long one piece of work may hold the event loop, in milliseconds. */
const pieceMs = 8;

/** Says when work has held the event loop for long enough, and lets others have it. */
export class Pace {
  #since = performance.now();

  /** Whether it is time to rest. */
  get due(): boolean {
    return performance.now() - this.#since > pieceMs;
  }

  /** Lets all that waits for the event loop have its turn. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
  }
}
