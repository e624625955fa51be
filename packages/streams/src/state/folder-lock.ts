// A folder's lock: one process at a time, and none after the process has died, however it died.
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../errors.ts';

/** A lock that is held. */
export interface FolderLock {
  release(): void;
}

/** When a process began, so that a new process with an old number is not taken for it; '' where it cannot be told. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive({ pid, start }: { pid: number; start: string }): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === start;
}

function readOwner(file: string): { pid: number; start: string } | undefined {
  const [pid, start = ''] = readFileSync(file, 'utf8').split(' ');
  return pid ? { pid: Number(pid), start } : undefined;
}

/**
 * Locks a folder for this process.
 * @throws FatalError with STATE_LOCKED that names the process that holds it.
 */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(file, 'wx');
      writeSync(descriptor, `${process.pid} ${startOf(process.pid)}`);
      closeSync(descriptor);
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = existsSync(file) ? readOwner(file) : undefined;
    if (owner && isAlive(owner)) {
      throw new FatalError(
        'STATE_LOCKED',
        `state folder ${folder} is used by process ${owner.pid}; stop it, or give this one a folder of its own`,
      );
    }
    rmSync(file, { force: true });
  }
  throw new FatalError(
    'STATE_LOCKED',
    `state folder ${folder} could not be locked; another process is taking it`,
  );
}
