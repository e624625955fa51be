// What the steps of a task hold back for a commit: they pass it on one after the other, so that what one step
// passes on has reached the next one before that is asked.
import type { CommitCallbacks } from '../api/processor.ts';

/** See the top of this file. */
export class HeldBack {
  readonly #steps: { step: string; callbacks: CommitCallbacks }[] = [];
  /** How many steps were asked for the commit that is being prepared. Undefined: none is. */
  #asked: number | undefined;

  /** Whether a commit is being prepared. */
  get isPreparing(): boolean {
    return this.#asked !== undefined;
  }

  add(step: string, callbacks: CommitCallbacks): void {
    this.#steps.push({ step, callbacks });
  }

  /**
   * Asks the steps that were not asked for this commit, as long as nothing is in flight. Returns whether all
   * were asked, and nothing is in flight.
   */
  pass(isQuiet: () => boolean, ask: (step: string, beforeCommit: () => void) => void): boolean {
    for (this.#asked ??= 0; isQuiet(); this.#asked++) {
      const next = this.#steps[this.#asked];
      if (!next) return true;
      ask(next.step, () => next.callbacks.beforeCommit());
    }
    return false;
  }

  /** The commit begins. */
  seal(): void {
    this.#asked = undefined;
  }

  abort(): void {
    this.#asked = undefined;
    for (const { callbacks } of this.#steps) callbacks.afterAbort();
  }
}
