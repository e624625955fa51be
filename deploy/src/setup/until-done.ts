// Steps that are tried again while a server comes up.
import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how long. */
export interface UntilDoneOptions {
  withinMs: number;
  pauseMs?: number;
  /** Told why a try failed. */
  onFailure: (error: unknown) => void;
}

/**
 * Runs a step until it succeeds.
 *
 * @throws what its last try threw, once the time is over.
 */
export async function untilDone<T>(step: () => Promise<T>, options: UntilDoneOptions): Promise<T> {
  const { withinMs, pauseMs = 1_000, onFailure } = options;
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (Date.now() + pauseMs > deadline) throw error;
      onFailure(error);
      await sleep(pauseMs);
    }
  }
}
