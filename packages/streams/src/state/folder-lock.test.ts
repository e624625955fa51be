// The lock of a state folder: by process numbers where these mean something, by touching the file where they
// do not.
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streams-lock-'));
  file = join(folder, 'lock');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a lock of a process that can be seen from here', () => {
  test('that has the number of the dead owner is not taken for it', async () => {
    writeFileSync(file, `${process.pid} 1`);
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrowError(`is used by process ${process.pid};`);
    lock.release();
    (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(['', 'rubbish', '0 0'])('and says %j is nobody’s', async (text) => {
    writeFileSync(file, text);
    (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken at once where its process is dead', async () => {
    (await lockFolder(folder, { staleMs: 600_000 })).release();
    const lock = await lockFolder(folder, { staleMs: 600_000 });
    const [, ...rest] = readFileSync(file, 'utf8').split(' ');
    lock.release();
    writeFileSync(file, ['999999999', ...rest].join(' '));
    (await lockFolder(folder, { staleMs: 600_000 })).release();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a lock of another container or machine', () => {
  test('counts while its owner touches it, though the number is of no process here', async () => {
    writeFileSync(file, '999999999 1 elsewhere');
    let seconds = 1;
    const touching = setInterval(() => utimesSync(file, ++seconds, seconds), 20);
    const locking = lockFolder(folder, { touchMs: 20, staleMs: 20_000 });
    await expect(locking).rejects.toThrowError(
      'is used by process 999999999 of another container or machine; stop it, or give this one a folder',
    );
    clearInterval(touching);
    expect(readFileSync(file, 'utf8')).toBe('999999999 1 elsewhere');
  });

  test('is taken away once it is not touched, though the number is of a process here', async () => {
    writeFileSync(file, `${process.pid} 1 elsewhere`);
    const lock = await lockFolder(folder, { touchMs: 10, staleMs: 100 });
    expect(readFileSync(file, 'utf8')).not.toContain('elsewhere');
    lock.release();
  });

  test('is taken when it is released meanwhile', async () => {
    const elsewhere = await lockFolder(folder, { place: 'elsewhere', touchMs: 600_000 });
    const locking = lockFolder(folder, { touchMs: 20, staleMs: 20_000 });
    elsewhere.release();
    (await locking).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is touched by its owner', async () => {
    const lock = await lockFolder(folder, { place: 'elsewhere', touchMs: 10 });
    await expect(lockFolder(folder, { touchMs: 20, staleMs: 20_000 })).rejects.toMatchObject({
      code: 'STATE_LOCKED',
    });
    lock.release();
  });

  test('that another has taken is not removed with the release', async () => {
    const lock = await lockFolder(folder);
    writeFileSync(file, '999999999 1 elsewhere');
    lock.release();
    expect(readFileSync(file, 'utf8')).toBe('999999999 1 elsewhere');
  });
});
