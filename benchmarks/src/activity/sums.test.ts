// The newest total of a key counts, whatever came before it.
import { expect, test } from 'vitest';
import { addUp } from './sums.ts';

test('each key is added once, by its newest total', () => {
  const counts: [string, number][] = [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ];
  expect(addUp({ logs: 4, counts, users: [] })).toEqual({ logs: 4, counts: 5, users: 0 });
});
