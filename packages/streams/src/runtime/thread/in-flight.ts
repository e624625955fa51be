// One promise in flight beside the loop, and the failure that it ended with: the loop takes it between two steps.

/** See the top of this file. */
export class InFlight {
  readonly #onEnd: () => void;
  #promise: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** `onEnd` is called whenever the work has ended, well or not. */
  constructor(onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
  }

  /** Whether work is in flight. */
  get isActive(): boolean {
    return this.#promise !== undefined;
  }

  /** Whether the last work failed, and nobody has taken its failure. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Starts work. Nothing else may be in flight. */
  start(work: Promise<void>): void {
    this.#promise = work
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#promise = undefined;
        this.#onEnd();
      });
  }

  /** Waits until the work has ended, well or not. */
  async ended(): Promise<void> {
    await this.#promise;
  }

  /** Throws the failure of the last work, once. */
  throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /** Forgets the failure of the last work. */
  forget(): void {
    this.#failure = undefined;
  }
}
