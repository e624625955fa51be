// Waiting for work that may take longer than its caller waits.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/**
 * Whether the work ends within a time, in milliseconds; without one it is waited for without end, and with 0
 * not at all. Work that takes longer goes on. @throws what the work throws in that time.
 */
export async function endsWithin(work: Promise<void>, timeoutMs?: number): Promise<boolean> {
  const ended = work.then(() => true);
  if (timeoutMs === undefined) return ended;
  const done = new AbortController();
  const { signal } = done;
  // A timer of 0 ms takes 1 ms: enough for an application without records to close.
  const overdue = timeoutMs === 0 ? nextTurn(false, { signal }) : sleep(timeoutMs, false, { signal });
  try {
    return await Promise.race([ended, overdue.catch(() => false)]);
  } finally {
    done.abort();
  }
}
