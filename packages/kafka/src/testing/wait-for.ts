// Waiting in tests, and in programs that tests start.
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is so. @throws Error that says what was waited for. */
export async function waitFor(
  what: string,
  check: () => boolean | Promise<boolean>,
  deadlineMs = 120_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await sleep(20);
  }
}
