// Waiting for one log to be stored.
import type { LogDocument } from '../logs/log-json.ts';
import type { TailHub } from './hub.ts';

/** Waits for a log, at most so long. */
export type AwaitLog = (
  wanted: (log: LogDocument) => boolean,
  look: () => Promise<LogDocument | undefined>,
  withinMs: number,
  signal: AbortSignal,
) => Promise<LogDocument | undefined>;

/**
 * Makes what waits. It begins to listen, looks once more (the log may have come meanwhile), and answers what comes first: the
 * log, the end of the time, or the end of the hub, after which it looks a last time.
 */
export function createAwaitLog(hub: TailHub): AwaitLog {
  return async function awaitLog(wanted, look, withinMs, signal) {
    const { promise, resolve } = Promise.withResolvers<LogDocument | undefined>();
    const timer = setTimeout(() => resolve(undefined), withinMs);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    const subscription = await hub.subscribe({
      onLog: ({ log }) => {
        if (wanted(log)) resolve(log);
      },
      onEnd: () => resolve(look()),
    });
    try {
      return (await look()) ?? (await promise);
    } finally {
      clearTimeout(timer);
      subscription.stop();
    }
  };
}
