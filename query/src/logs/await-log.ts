// Waiting for logs to be stored. However many wait, MongoDB is asked for all of them at once, again and
// again: at a thousand logs a second a change stream costs more than that, and reports a log some hundreds of
// milliseconds after it can be read.
import { setTimeout as sleep } from 'node:timers/promises';
import { idOf } from './log-store.ts';
import type { LogKey, WantedLog } from './log-store.ts';

/**
 * Waits for a log, at most so long. Resolves with whether it is stored; rejects where that cannot be read.
 */
export type AwaitLog = (wanted: WantedLog, withinMs: number, signal: AbortSignal) => Promise<boolean>;

/** What waiting needs. */
export interface AwaitLogOptions {
  /** Which of these logs are stored. */
  stored: (wanted: WantedLog[]) => Promise<LogKey[]>;
  /** Ends all waiting. */
  ending: AbortSignal;
}

interface Waiter {
  wanted: WantedLog;
  resolve: (stored: boolean) => void;
  reject: (reason: unknown) => void;
}

const lookEveryMs = 50;
/** How many logs one read asks for. */
const atOnce = 100;

/** Makes what waits. */
export function createAwaitLog({ stored, ending }: AwaitLogOptions): AwaitLog {
  const waiting = new Set<Waiter>();
  let looking = false;
  // Once for all who wait: this signal lives as long as the service, and so would a listener for each.
  ending.addEventListener('abort', () => {
    for (const { resolve } of waiting) resolve(false);
  });

  async function look(some: readonly Waiter[]): Promise<void> {
    try {
      const keys = await stored(some.map(({ wanted }) => wanted));
      for (const { wanted, resolve } of some) if (keys.some((key) => isOf(wanted, key))) resolve(true);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }

  async function lookWhileAnyoneWaits(): Promise<void> {
    if (looking) return;
    looking = true;
    while (waiting.size > 0) {
      await sleep(lookEveryMs);
      const all = [...waiting];
      for (let from = 0; from < all.length; from += atOnce) await look(all.slice(from, from + atOnce));
    }
    looking = false;
  }

  return async function awaitLog(wanted, withinMs, signal) {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const waiter = { wanted, resolve, reject };
    const late = setTimeout(resolve, withinMs, false);
    const leave = (): void => resolve(false);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted || ending.aborted) leave();
    waiting.add(waiter);
    void lookWhileAnyoneWaits();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', leave);
      waiting.delete(waiter);
    }
  };
}

function isOf({ id, userId }: WantedLog, key: LogKey): boolean {
  if (userId !== undefined) return key.userId === userId && key.eventId === id;
  const number = idOf(id);
  return number === undefined ? key.eventId === id : key._id === number;
}
