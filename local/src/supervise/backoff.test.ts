// The waits between starts.
import { expect, test } from 'vitest';
import { backoff } from './backoff.ts';

test('doubles from half a second to fifteen', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(backoff)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
});
