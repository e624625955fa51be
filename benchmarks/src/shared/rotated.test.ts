// The order of candidates.
import { expect, test } from 'vitest';
import { rotated } from './rotated.ts';

test('each candidate is first in turn', () => {
  const rounds = [1, 2, 3, 4].map((round) => rotated(['a', 'b', 'c'], round).join(''));
  expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc']);
  expect(rotated([], 3)).toEqual([]);
});
