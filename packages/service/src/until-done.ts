// Retries a step until it succeeds: for servers that come up later than the process that needs them.
import { setTimeout as sleep } from 'node:timers/promises';

/** How long and how often a step is retried. Times in milliseconds. */
export interface UntilDoneOptions {
  /** Ends the retries. */
  signal?: AbortSignal;
  /** The last try begins before this time is over; no limit by default. */
  withinMs?: number;
  /**
   * The longest pause between two tries. Pauses begin at 100 ms and double, and up to half of each is taken
   * off at random, so that processes that lost the same server do not come back in step. Default 2,000.
   */
  maxPauseMs?: number;
  /** Whether an error may pass; one that may not is thrown at once. By default every error may. */
  retryIf?: (error: unknown) => boolean;
  /**
   * Called with the error of each failed try that is followed by another one, and with the number of tries
   * before it.
   */
  onFailure?: (error: unknown, attempt: number) => void;
}

const firstPauseMs = 100;

/**
 * Runs a step until it succeeds, with back-off.
 *
 * @throws The error of the last try, once the time is over, and an error that may not pass; the signal's
 * reason, once it is aborted.
 * @example await untilDone(() => client.connect(), { signal });
 */
export async function untilDone<T>(step: () => Promise<T>, options: UntilDoneOptions = {}): Promise<T> {
  const { signal, withinMs = Infinity, maxPauseMs = 2_000, retryIf = () => true, onFailure } = options;
  const deadline = performance.now() + withinMs;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await step();
    } catch (error) {
      signal?.throwIfAborted();
      const longestMs = Math.min(maxPauseMs, firstPauseMs * 2 ** attempt);
      const pauseMs = longestMs * (1 - Math.random() / 2);
      if (!retryIf(error) || performance.now() + pauseMs > deadline) throw error;
      onFailure?.(error, attempt);
      await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => {});
    }
  }
}
