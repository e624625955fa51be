// Steps: what was done since the start, how long each took, and which took longest.

/** One step that has ended. */
export interface Step {
  name: string;
  ms: number;
}

/** Measures steps, also such as run beside each other. */
export class Steps {
  readonly #done: Step[] = [];
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Runs a step and notes how long it took, where it succeeds. */
  async measure<T>(name: string, step: () => Promise<T>): Promise<T> {
    const began = this.#now();
    const result = await step();
    this.add(name, this.#now() - began);
    return result;
  }

  /** Notes a step that was measured elsewhere. */
  add(name: string, ms: number): void {
    this.#done.push({ name, ms });
  }

  /** The step that took longest. */
  get longest(): Step | undefined {
    return this.#done.toSorted((a, b) => b.ms - a.ms)[0];
  }
}

/** Milliseconds as seconds, for people. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
