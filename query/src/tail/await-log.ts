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

/** Milliseconds between two looks. A change stream of many logs a second tells of one some hundreds later than it can be read. */
const lookAgainMs = 100;

/**
 * Makes what waits. It begins to listen, looks again and again meanwhile, and answers what comes first: the log, the end of the
 * time, or the end of the hub, after which it looks a last time.
 */
export function createAwaitLog(hub: TailHub): AwaitLog {
  return async function awaitLog(wanted, look, withinMs, signal) {
    const { promise, resolve, reject } = Promise.withResolvers<LogDocument | undefined>();
    let looking = false;

    function lookAgain(): void {
      if (looking) return;
      looking = true;
      look()
        .then((found) => {
          if (found) resolve(found);
        }, reject)
        .finally(() => (looking = false));
    }

    const timer = setTimeout(() => resolve(undefined), withinMs);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    const subscription = await hub.subscribe({
      onLog: ({ log }) => {
        if (wanted(log)) resolve(log);
      },
      onEnd: () => resolve(look()),
    });
    lookAgain();
    const looks = setInterval(lookAgain, lookAgainMs);
    try {
      return await promise;
    } finally {
      clearInterval(looks);
      clearTimeout(timer);
      subscription.stop();
    }
  };
}
