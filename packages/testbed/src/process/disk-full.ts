// A full disk: recognised, reported once while it lasts, and no reason to end what runs.
import { statfsSync } from 'node:fs';
import type { Report } from '../fetch/context.ts';

const codes = new Set<unknown>(['ENOSPC', 'EDQUOT']);
const leastBytes = 1_048_576;

/** Whether an error, or what caused it, is a disk (or a quota) without room. */
export function isDiskFull(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return ('code' in error && codes.has(error.code)) || ('cause' in error && isDiskFull(error.cause));
}

/** Whether a folder's disk has room, at least 1 MiB. True where that cannot be asked. */
export function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= leastBytes;
  } catch {
    return true;
  }
}

/**
 * Makes a function that writes, and does without where the disk is full: it reports that once, until a write
 * succeeds again.
 * @example const write = unlessFull(report); write('run.json', () => writeFileSync(file, text));
 */
export function unlessFull(report: Report): (what: string, write: () => void) => void {
  let full = false;
  return (what, write) => {
    try {
      write();
      if (full) report('the disk has room again');
      full = false;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (!full) report(`disk full: ${what} is not written; what runs goes on`);
      full = true;
    }
  };
}
