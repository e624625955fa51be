// Waits between attempts: they grow, end at a limit, and differ from one client to the next.
import { expect, test } from 'vitest';
import { backoff } from './backoff.ts';

const range = { from: 50, to: 2000 };

test('doubles up to its limit', () => {
  const longest = [1, 2, 3, 6, 7, 100].map((failures) => backoff(failures, range, () => 0));
  expect(longest).toEqual([50, 100, 200, 1600, 2000, 2000]);
});

test('is shorter by up to a half, at random', () => {
  expect(backoff(3, range, () => 1)).toBe(100);
  expect(backoff(3, range, () => 0.5)).toBe(150);
  const waits = new Set(Array.from({ length: 50 }, () => backoff(5, range)));
  expect(waits.size).toBeGreaterThan(40);
  for (const wait of waits) expect(wait).toSatisfy((ms: number) => ms >= 400 && ms <= 800);
});
