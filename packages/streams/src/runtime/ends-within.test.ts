// Waiting for work that may take longer.
import { expect, test } from 'vitest';
import { endsWithin } from './ends-within.ts';

test('work that ends in time, and work that goes on', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  expect(await endsWithin(Promise.resolve(), 10_000)).toBe(true);
  expect(await endsWithin(promise, 0)).toBe(false);
  const waiting = endsWithin(promise);
  resolve();
  expect(await waiting).toBe(true);
});

test('work that fails in time is an error; later it is nobody’s', async () => {
  await expect(endsWithin(Promise.reject(new Error('stuck')), 1_000)).rejects.toThrowError('stuck');
  const { promise, reject } = Promise.withResolvers<void>();
  expect(await endsWithin(promise, 1)).toBe(false);
  reject(new Error('stuck'));
  await new Promise(setImmediate);
});
