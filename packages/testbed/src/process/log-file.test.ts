// Log files: rotated when large, quoted from the end.
import { closeSync, existsSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logTail, openLog } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'activity-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a small log is appended to and its last lines are quoted', () => {
  const file = join(folder, 'deep', 'a.log');
  for (const line of ['one', 'two', 'three']) {
    const fd = openLog(file);
    writeSync(fd, `${line}\n`);
    closeSync(fd);
  }
  expect(logTail(file, 2)).toBe('two\nthree');
  expect(existsSync(`${file}.1`)).toBe(false);
});

test('a large log is set aside when it is opened again', () => {
  const file = join(folder, 'a.log');
  writeFileSync(file, 'x'.repeat(5 * 1024 * 1024 + 1));
  closeSync(openLog(file));
  expect(existsSync(`${file}.1`)).toBe(true);
  expect(logTail(file)).toBe('(the log is empty)');
});

test('a log that is not there is said so', () => {
  expect(logTail(join(folder, 'none.log'))).toBe('(no log was written)');
});
