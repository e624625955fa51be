// Supervising: registers what is missing, looks, restarts, for as long as the process runs.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Supervisor } from './supervisor.ts';

/** What supervising takes. */
export interface SuperviseOptions {
  supervisor: Supervisor;
  /** Registers the connectors, until it is done; undefined where an operator owns them. */
  register: (() => Promise<void>) | undefined;
  pollIntervalMs: number;
  signal: AbortSignal;
}

/** Supervises until the signal aborts. */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { supervisor, register, pollIntervalMs, signal } = options;
  while (!signal.aborted) {
    // Also where someone has deleted a connector, or Connect has lost its own topics.
    if (!supervisor.complete) await register?.();
    await supervisor.look();
    const pause = supervisor.readiness.ready ? pollIntervalMs : Math.min(pollIntervalMs, 500);
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}
