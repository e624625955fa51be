// How large commits may be: smaller after one that took longer than a transaction may, until they are quick
// again.

/** Commits are never made smaller than this share of the largest. */
const leastShare = 1 / 1024;

/** See the top of this file. Times in milliseconds. */
export class CommitSize {
  readonly #timeoutMs: number;
  #share = 1;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** How much of the largest commit the next one may be: 1 is all of it. */
  get share(): number {
    return this.#share;
  }

  /**
   * A commit has failed. Returns whether that is because it took too long; then the next ones are half as
   * large.
   */
  failed(durationMs: number): boolean {
    if (durationMs < this.#timeoutMs) return false;
    this.#share = Math.max(leastShare, this.#share / 2);
    return true;
  }

  /** A commit has succeeded: the next ones may be larger again where it was quick. */
  succeeded(durationMs: number): void {
    if (durationMs < this.#timeoutMs / 4) this.#share = Math.min(1, this.#share * 2);
  }
}
