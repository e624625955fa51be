// Fetching once: whole or not at all.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchOnce } from './once.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'activity-once-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(text: string): (target: string) => Promise<void> {
  return (target) => Promise.resolve(writeFileSync(join(target, 'file'), text));
}

test('fetches once', async () => {
  const target = join(folder, 'deep', 'target');
  await fetchOnce(target, write('first'));
  await fetchOnce(target, write('second'));
  expect(readFileSync(join(target, 'file'), 'utf8')).toBe('first');
});

test('a fetch that fails half-way leaves nothing, and the next one tries again', async () => {
  const target = join(folder, 'target');
  let partial = '';
  const half = fetchOnce(target, async (into) => {
    partial = into;
    await write('half')(into);
    throw new Error('the network is gone');
  });
  await expect(half).rejects.toThrow('the network is gone');
  expect([existsSync(target), existsSync(partial)]).toEqual([false, false]);
  await fetchOnce(target, write('whole'));
  expect(readdirSync(target)).toEqual(['file']);
});

test('of two fetches at once one is kept', async () => {
  const target = join(folder, 'target');
  await Promise.all([fetchOnce(target, write('a')), fetchOnce(target, write('b'))]);
  expect(['a', 'b']).toContain(readFileSync(join(target, 'file'), 'utf8'));
});
