// Which cases a run has.
import { expect, test, vi } from 'vitest';
import { sliceOf } from './slice.ts';

const cases = ['a', 'b', 'c', 'd', 'e'];

test('all of them in a run of everything', () => {
  expect(sliceOf(cases, 2, { everyCase: true, seed: 1 })).toEqual(cases);
});

test('otherwise as many as were asked for, in their order, the same for the same seed, which is logged', () => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const slices = Array.from({ length: 50 }, (_, seed) => sliceOf(cases, 2, { everyCase: false, seed }));
  for (const [seed, slice] of slices.entries()) {
    expect(slice).toHaveLength(2);
    expect(slice).toEqual(slice.toSorted());
    expect(sliceOf(cases, 2, { everyCase: false, seed })).toEqual(slice);
  }
  expect(new Set(slices.flat()).size).toBe(cases.length);
  expect(log).toHaveBeenCalledWith(expect.stringContaining('SEED=7 '));
});

test('all of them where there are no more', () => {
  expect(sliceOf(cases, 5, { everyCase: false, seed: 1 })).toEqual(cases);
});
