// Log files of parts: appended to, rotated at start when large, and quoted when a part fails.
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

const rotateAtBytes = 5 * 1024 * 1024;

/**
 * Opens a log file for appending; one larger than 5 MB is moved to `.1` first. The caller closes it. @throws
 * Error, also for a full disk
 */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file)) {
    // An older version may have made it readable by everybody.
    chmodSync(file, 0o600);
    if (statSync(file).size > rotateAtBytes) renameSync(file, `${file}.1`);
  }
  return openSync(file, 'a', 0o600);
}

/** The last lines of a log file, or a word on why there are none. */
export function logTail(file: string, lines = 20): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const { size } = statSync(file);
      const buffer = Buffer.alloc(Math.min(size, 16 * 1024));
      readSync(fd, buffer, 0, buffer.length, size - buffer.length);
      const text = buffer.toString('utf8').trimEnd().split('\n').slice(-lines);
      return text.join('\n') || '(the log is empty)';
    } finally {
      closeSync(fd);
    }
  } catch {
    return '(no log was written)';
  }
}
