// A folder's lock: one process at a time, and none after the process has died, however it died.
import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../api/errors.ts';

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

function ownerOf(text: string): { pid: number; start: string } | undefined {
  const [number, start = ''] = text.split(' ');
  const pid = Number(number);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, start } : undefined;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** The content of a lock file; undefined where there is none. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts the lock there with its content in one step, so that nobody finds it empty; false where there is one. */
function take(file: string): boolean {
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes a dead owner's lock away. One that another process has put there meanwhile is put back. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== stale && !existsSync(file)) linkSync(aside, file);
  rmSync(aside, { force: true });
}

/**
 * Locks a folder for this process.
 * @throws FatalError with STATE_LOCKED that names the process that holds it.
 */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'lock');
  for (let attempt = 0; attempt < 5; attempt++) {
    if (take(file)) return { release: () => rmSync(file, { force: true }) };
    const text = read(file);
    if (text === undefined) continue;
    const owner = ownerOf(text);
    if (owner && isAlive(owner)) {
      throw new FatalError(
        'STATE_LOCKED',
        `state folder ${folder} is used by process ${owner.pid}; stop it, or give this one a folder of its own`,
      );
    }
    removeStale(file, text);
  }
  throw new FatalError(
    'STATE_LOCKED',
    `state folder ${folder} could not be locked; another process is taking it`,
  );
}
