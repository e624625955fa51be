// Removes what a state folder holds and nobody uses: tasks that run elsewhere by now,
// and what was moved aside.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isUnusedName } from './state-folder.ts';
import { takeTaskLock } from './task-lock.ts';

/** What {@link removeUnused} works on. Times in milliseconds. */
export interface UnusedStateOptions {
  folder: string;
  /** How long nothing may have been written to a task's state until it is removed. */
  delayMs: number;
  now: () => number;
  log: (level: 'info' | 'warn', message: string) => void;
}

/**
 * Removes the folders of tasks that no thread of this process has open and that were written longer ago than
 * the delay.
 */
export async function removeUnused({ folder, delayMs, now, log }: UnusedStateOptions): Promise<void> {
  for (const name of readdirSync(folder).filter(isUnusedName)) {
    const path = join(folder, name);
    if (now() - lastWritten(path) < delayMs) continue;
    const unlock = await takeTaskLock(resolve(path));
    if (!unlock) continue;
    try {
      rmSync(path, { recursive: true, force: true });
      log('info', `state ${name} was removed: nothing has used it for ${Math.round(delayMs / 1000)} s`);
    } catch (error) {
      log('warn', `removing state ${name} failed: ${String(error)}`);
    } finally {
      unlock();
    }
  }
}

/** When a folder or a file in it was written last, in epoch milliseconds; 0 where it is gone. */
function lastWritten(path: string): number {
  try {
    const files = readdirSync(path).map((name) => statSync(join(path, name)).mtimeMs);
    return Math.max(statSync(path).mtimeMs, ...files);
  } catch {
    return 0;
  }
}
