// Does something again and again, for as long as the process runs.
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, type Logger } from '@activity/service';

/** What to do, and how. */
export interface Doing {
  /** What the log says when a failure begins. */
  failed: string;
  work: () => Promise<void>;
  /** How long to rest after each time, in milliseconds. */
  pauseMs: () => number;
  signal: AbortSignal;
  logger: Logger;
}

/** Does it until it is aborted. A failure is said when it begins, and tried again. */
export async function keepDoing({ failed, work, pauseMs, signal, logger }: Doing): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      await work();
      failing = false;
    } catch (error) {
      const reason = reasonOf(error);
      if (!failing && !signal.aborted) logger.warn({ reason }, failed);
      failing = true;
    }
    await sleep(pauseMs(), undefined, { signal }).catch(() => {});
  }
}
