// What fails in the background, where nobody waits for it, keeps a store from being written to again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RootDatabase } from './lmdb.ts';
import { StoreWrites } from './lmdb-writes.ts';

let folder = '';
let env: RootDatabase;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streams-writes-'));
  env = open<unknown, string>({ path: folder });
});

afterEach(async () => {
  await env.close();
  rmSync(folder, { recursive: true, force: true });
});

function writesOf(isHeld: () => boolean = () => true): StoreWrites {
  return new StoreWrites(env, { store: 'counts', taskId: '0_1', isHeld });
}

const unwritable = {
  code: 'STATE_UNWRITABLE',
  taskId: '0_1',
  message: 'writing store counts of task 0_1: no space left; free space on the disk of the state folder',
};

test('a database that could not be dropped: every later write is refused', async () => {
  const writes = writesOf();
  writes.drop({ drop: () => Promise.reject(new Error('no space left')) });
  await expect
    .poll(() =>
      writes
        .batch(() => void env.put('a', 1))
        .then(
          () => undefined,
          (error: unknown) => error,
        ),
    )
    .toMatchObject(unwritable);
  const stored: unknown = env.get('b');
  await expect(writes.batch(() => void env.put('b', 1))).rejects.toMatchObject(unwritable);
  expect(env.get('b')).toBe(stored);
});

test('a background read that failed: every later write is refused', async () => {
  const writes = writesOf();
  writes.background(Promise.reject(new Error('no space left')));
  await expect.poll(() => caught(() => writes.check())).toMatchObject(unwritable);
});

test('a folder that another process has taken: nothing in it is dropped', () => {
  let dropped = 0;
  const writes = writesOf(() => false);
  writes.drop({ drop: () => Promise.resolve(dropped++) });
  expect(dropped).toBe(0);
  expect(caught(() => writes.check())).toMatchObject({ code: 'STATE_LOCKED' });
});

/** What a function throws. */
function caught(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
