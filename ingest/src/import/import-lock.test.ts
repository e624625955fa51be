import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { releaseLock, takeLock } from './import-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'import-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a lock is one process’s until it is given back, or the process is dead', async () => {
  const state = join(folder, 'a');
  const file = `${state}.lock`;
  expect(await takeLock(state)).toBeUndefined();
  expect(await takeLock(state)).toBe(process.pid);
  await releaseLock(state);
  expect(existsSync(file)).toBe(false);

  const child = spawn(process.execPath, ['-e', '']);
  const { pid } = child;
  await once(child, 'exit');
  writeFileSync(file, `${pid} 1\n`);
  expect(await takeLock(state)).toBeUndefined();
  expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${process.pid} `));

  // A process of that number, but not the one that took it; and what a full disk has left.
  for (const text of [`${process.pid} 1\n`, '']) {
    writeFileSync(file, text);
    expect(await takeLock(state)).toBeUndefined();
  }
  await expect(takeLock(join(folder, 'none', 'a'))).rejects.toThrow(/cannot be kept in .* by --state/);
});
