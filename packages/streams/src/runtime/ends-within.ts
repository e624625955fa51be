// Waiting for work that may take longer than its caller waits.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Whether the work ends within a time, in milliseconds; without one it is waited for without end. Work that
 * takes longer goes on. @throws what the work throws in that time.
 */
export async function endsWithin(work: Promise<void>, timeoutMs?: number): Promise<boolean> {
  const ended = work.then(() => true);
  if (timeoutMs === undefined) return ended;
  const done = new AbortController();
  const overdue = sleep(timeoutMs, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([ended, overdue]);
  } finally {
    done.abort();
  }
}
