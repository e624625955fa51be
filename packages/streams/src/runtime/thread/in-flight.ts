// One promise in flight beside the loop, and the failure that it ended with: the loop takes it between two
// steps.
import { backoff } from '@activity/kafka';

const retries = { from: 100, to: 2000 };

/** See the top of this file. */
export class InFlight {
  readonly #onEnd: () => void;
  #promise: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;
  /** How often in a row the work failed for what passes. */
  #failures = 0;
  #pausedUntil = 0;

  /** `onEnd` is called whenever the work has ended, well or not. */
  constructor(onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
  }

  /** Whether work is in flight. */
  get isActive(): boolean {
    return this.#promise !== undefined;
  }

  /** Whether work may start: none is in flight, no failure waits to be taken, and no pause lasts. */
  get mayStart(): boolean {
    return !this.#promise && !this.#failure && performance.now() >= this.#pausedUntil;
  }

  /** Whether the last work failed, and nobody has taken its failure. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Starts work. Nothing else may be in flight. */
  start(work: Promise<void>): void {
    this.#promise = work
      .then(
        () => {
          this.#failures = 0;
        },
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .finally(() => {
        this.#promise = undefined;
        this.#onEnd();
      });
  }

  /** Waits until the work has ended, well or not. */
  async ended(): Promise<void> {
    await this.#promise;
  }

  /** No work may start for so long, in milliseconds. */
  pause(ms: number): void {
    this.#pausedUntil = performance.now() + ms;
  }

  /** Throws the failure of the last work, once. */
  throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /**
   * Returns the failure of the last work where it passes, after which work may start again in a while; throws
   * others.
   */
  takePassing<E>(passes: (error: unknown) => error is E): E | undefined {
    if (!this.#failure) return undefined;
    const { error } = this.#failure;
    if (!passes(error)) this.throwFailure();
    this.forget();
    this.pause(backoff(++this.#failures, retries));
    return error as E;
  }

  /** Forgets the failure of the last work. */
  forget(): void {
    this.#failure = undefined;
  }
}
