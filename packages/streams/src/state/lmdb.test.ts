// lmdb where it is installed, and where it is not.
import { expect, test } from 'vitest';
import { FatalError } from '../api/errors.ts';
import { loadLmdb } from './lmdb.ts';

test('lmdb is loaded', async () => {
  await expect(loadLmdb()).resolves.toHaveProperty('open');
});

test('where it is missing, the error has the remedy and the reason', async () => {
  const missing = new Error("Cannot find package 'lmdb' imported from x\nmore");
  const failure: unknown = await loadLmdb(() => Promise.reject(missing)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FatalError);
  expect(failure).toMatchObject({
    code: 'CONFIGURATION_INVALID',
    cause: missing,
    message: expect.stringMatching(/Cannot find package 'lmdb' imported from x\): run `npm install lmdb`/),
  });
});
