import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limits.ts';
import type { RateLimit } from './rate-limits.ts';

let time = 0;

function limitOf(perSecond: number, burstSeconds: number): RateLimit {
  time = 5_000;
  const limit = createRateLimit({ perSecond, burstSeconds, now: () => time });
  if (limit === undefined) throw new Error('there is a limit');
  return limit;
}

test('a full bucket may be taken at once, and fills up again', () => {
  const limit = limitOf(2, 5);
  expect(limit.take('a', 10)).toMatchObject({ allowed: true, limit: 10, remaining: 0, resetSeconds: 5 });
  expect(limit.take('a', 1)).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
  time += 500;
  expect(limit.take('a', 1).allowed).toBe(true);
  expect(limit.take('a', 4)).toMatchObject({ allowed: false, retryAfterSeconds: 2 });
  expect(limit.take('b', 10).allowed).toBe(true);
});

test('more than a full bucket is taken of a full one, and all of it is paid for', () => {
  const limit = limitOf(2, 5);
  expect(limit.take('a', 1).allowed).toBe(true);
  // As a batch does it: one event at the start, its others when they are counted.
  expect(limit.take('a', 100, 1).allowed).toBe(true);
  expect(limit.take('a', 1)).toMatchObject({ allowed: false, retryAfterSeconds: 46 });
  time += 45_000;
  expect(limit.take('a', 1).allowed).toBe(false);
  time += 1_000;
  expect(limit.take('a', 1).allowed).toBe(true);
});

test('more than a full bucket is refused where the bucket is not full', () => {
  const limit = limitOf(2, 5);
  expect(limit.take('a', 3).allowed).toBe(true);
  expect(limit.take('a', 11)).toMatchObject({ allowed: false, retryAfterSeconds: 2 });
  time += 1_500;
  expect(limit.take('a', 11).allowed).toBe(true);
});

test('over time nobody is allowed more than the rate, whatever the sizes and the pauses', () => {
  const request = fc.record({
    tokens: fc.integer({ min: 1, max: 200 }),
    pause: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 100 }), (requests) => {
      const limit = limitOf(10, 3);
      const start = time;
      let taken = 0;
      let largest = 0;
      for (const { tokens, pause } of requests) {
        time += pause;
        if (limit.take('a', tokens).allowed) {
          taken += tokens;
          largest = Math.max(largest, tokens);
        }
      }
      // A full bucket at the start, and the last one's debt.
      expect(taken).toBeLessThanOrEqual(((time - start) / 1_000) * 10 + Math.max(30, largest) + 0.01);
    }),
  );
});
