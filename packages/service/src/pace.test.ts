import { expect, test } from 'vitest';
import { pace } from './pace.ts';

function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

test('five long pieces of work together leave the event loop to others every few milliseconds', async () => {
  let turns = 0;
  let done = 0;
  const others = setInterval(() => turns++, 1);
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      for (let step = 0; step < 40; step++) {
        work(1);
        if (pace.due) await pace.rest();
      }
      done++;
    }),
  );
  clearInterval(others);
  expect(done).toBe(5);
  // 200 ms of work in turns of 8 ms; each for itself they would leave 5 turns.
  expect(turns).toBeGreaterThan(12);
});

test('work that rests goes on in the order in which it began to', async () => {
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3].map(async (name) => {
      await pace.rest();
      order.push(name);
    }),
  );
  expect(order).toEqual([1, 2, 3]);
});
