// Looks at something again and again, for as long as the process runs.
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, type Logger } from '@activity/service';
import type { Watched, WatchMetrics } from './metrics.ts';

/** Something to look at. */
export interface Look {
  what: Watched;
  everyMs: number;
  /** A look that took long is followed by a pause of so many times as long; 0 unless given. */
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
  let failing = false;
  while (!signal.aborted) {
    let began = performance.now();
    try {
      await ready?.();
      began = performance.now();
      await look();
      metrics.looked(what, (performance.now() - began) / 1_000);
      failing = false;
    } catch (error) {
      const reason = reasonOf(error);
      if (!failing && !signal.aborted) logger.warn({ reason }, `looking at ${what}: trying again`);
      failing = true;
    }
    const pause = Math.max(everyMs, restFactor * (performance.now() - began));
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}
