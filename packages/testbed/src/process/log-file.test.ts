// Log files: rotated when large, quoted from the end.
import { closeSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
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

test('nobody else can read a log, nor one of an older version that was readable by all', () => {
  const fresh = join(folder, 'fresh.log');
  const old = join(folder, 'old.log');
  const large = join(folder, 'large.log');
  writeFileSync(old, 'x', { mode: 0o644 });
  writeFileSync(large, 'x'.repeat(5 * 1024 * 1024 + 1), { mode: 0o644 });
  for (const file of [fresh, old, large]) closeSync(openLog(file));
  for (const file of [fresh, old, large, `${large}.1`]) expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a log that is not there is said so', () => {
  expect(logTail(join(folder, 'none.log'))).toBe('(no log was written)');
});
