// Looks at something again and again, for as long as the process runs.
import type { Logger } from '@activity/service';
import { keepDoing } from '../keep-doing.ts';
import type { Watched, WatchMetrics } from './metrics.ts';

/** Something to look at. */
export interface Look {
  what: Watched;
  everyMs: number;
  /** A look that took long is followed by a pause that is this many times as long; 0 unless given. */
  restFactor?: number;
  /** Awaited before the look; waiting costs nobody anything. */
  ready?: () => Promise<void>;
  look: () => Promise<void>;
}

/** What looking needs. */
export interface LookingOptions {
  signal: AbortSignal;
  logger: Logger;
  metrics: Pick<WatchMetrics, 'looked'>;
}

/** Looks until it is aborted. A failure is said when it begins, and tried again. */
export async function keepLooking(
  { what, everyMs, restFactor = 0, ready, look }: Look,
  { signal, logger, metrics }: LookingOptions,
): Promise<void> {
  let began = 0;
  await keepDoing({
    failed: `looking at ${what}: trying again`,
    async work() {
      began = performance.now();
      await ready?.();
      began = performance.now();
      await look();
      metrics.looked(what, (performance.now() - began) / 1_000);
    },
    pauseMs: () => Math.max(everyMs, restFactor * (performance.now() - began)),
    signal,
    logger,
  });
}
