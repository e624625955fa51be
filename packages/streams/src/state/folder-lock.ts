// A folder's lock: one process at a time, and none after the process has died, however it died.
//
// A process that can be seen from here is asked for by its number. One in another container or on another
// machine has numbers of its own: its lock counts as long as the process touches the file.
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError } from '../api/errors.ts';

/** A lock that is held. */
export interface FolderLock {
  release(): void;
}

/** Times of a lock, in milliseconds. */
export interface FolderLockOptions {
  /**
   * How often the owner touches the lock.
   * @default 1000
   */
  touchMs?: number;
  /**
   * A lock of another container or machine that was not touched for this time is taken away.
   * @default 10_000
   */
  staleMs?: number;
  /** Where process numbers mean what they mean here; another in tests. */
  place?: string;
}

/** Who holds a lock; no place in locks of older versions. */
interface Owner {
  pid: number;
  start: string;
  place: string | undefined;
}

/** The kernel and the process namespace, in which numbers of processes are unique. */
function placeOfThisProcess(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname().replaceAll(/\s/g, '-');
  }
}

/**
 * When a process began, so that a new process with an old number is not taken for it;
 * '' where it cannot be told.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive({ pid, start }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === start;
}

function ownerOf(text: string): Owner | undefined {
  const [number, start = '', place] = text.split(' ');
  const pid = Number(number);
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, start, place } : undefined;
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

/**
 * Puts the lock there with its content in one step, so that nobody finds it empty; false where there is one.
 */
function take(file: string, text: string): boolean {
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, text);
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

/** When a lock was last touched; undefined where there is none. */
function touchedAt(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** Whether a lock is touched, or changes hands, within a time. Clocks of two machines are not compared. */
async function isTouched(file: string, text: string, { touchMs, staleMs }: Times): Promise<boolean> {
  const first = touchedAt(file);
  const end = performance.now() + staleMs;
  while (performance.now() < end) {
    await sleep(touchMs / 2);
    if (read(file) !== text || touchedAt(file) !== first) return true;
  }
  return false;
}

type Times = Required<Pick<FolderLockOptions, 'touchMs' | 'staleMs'>>;

/** A lock that was just taken: it is touched until it is released. */
function held(file: string, text: string, touchMs: number): FolderLock {
  const touch = (): void => {
    // It may have been taken away while this process did not run.
    if (read(file) !== text) clearInterval(timer);
    else utimesSync(file, new Date(), new Date());
  };
  const timer = setInterval(() => {
    try {
      touch();
    } catch {
      // The disk may be away for a moment: the lock is touched again later.
    }
  }, touchMs).unref();
  return {
    release() {
      clearInterval(timer);
      if (read(file) === text) rmSync(file, { force: true });
    },
  };
}

/** What this process writes into a lock. */
function ownText(place: string): string {
  return `${process.pid} ${startOf(process.pid)} ${place}`;
}

/** Whether this process has a folder's lock still: another may have taken it from one that stood still. */
export function isHeldHere(folder: string): boolean {
  return read(join(folder, 'lock')) === ownText(placeOfThisProcess());
}

/**
 * Locks a folder for this process. Waits up to `staleMs` where the lock is of another container or machine.
 * @throws FatalError with STATE_LOCKED that names the process that holds it.
 */
export async function lockFolder(
  folder: string,
  { touchMs = 1_000, staleMs = 10_000, place = placeOfThisProcess() }: FolderLockOptions = {},
): Promise<FolderLock> {
  const file = join(folder, 'lock');
  const own = ownText(place);
  for (let attempt = 0; attempt < 5; attempt++) {
    if (take(file, own)) return held(file, own, touchMs);
    const text = read(file);
    if (text === undefined) continue;
    const owner = ownerOf(text);
    const isHere = owner?.place === undefined || owner.place === place;
    if (owner && isHere && isAlive(owner)) throw lockedBy(folder, `process ${owner.pid}`);
    if (owner && !isHere && (await isTouched(file, text, { touchMs, staleMs }))) {
      // It was released meanwhile.
      if (read(file) === undefined) continue;
      throw lockedBy(folder, `process ${owner.pid} of another container or machine`);
    }
    removeStale(file, text);
  }
  throw new FatalError(
    'STATE_LOCKED',
    `state folder ${folder} could not be locked; another process is taking it`,
  );
}

function lockedBy(folder: string, who: string): FatalError {
  return new FatalError(
    'STATE_LOCKED',
    `state folder ${folder} is used by ${who}; stop it, or give this one a folder of its own`,
  );
}
