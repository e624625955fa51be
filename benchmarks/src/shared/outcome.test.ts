// The end of a benchmark: which outcomes are a failure.
import { expect, test, vi } from 'vitest';
import { atLeast, atMost, conclude } from './outcome.ts';

const good = { bench: 'b', figures: {}, ratios: {}, targets: { fast: atLeast(2, 2) }, wrong: [] };

test('a figure that is exactly what is wanted meets the target; one that is missing does not', () => {
  expect(atLeast(2, 2).met).toBe(true);
  expect(atMost(2, 2).met).toBe(true);
  expect(atLeast(2, 1.999).met).toBe(false);
  expect(atLeast(2, Number.NaN).met).toBe(false);
  expect(atMost(2, Number.NaN).met).toBe(false);
});

test('the exit code is 1 for a target that is missed and for a result that is wrong', () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  expect(conclude(good)).toBe(0);
  expect(printed.mock.lastCall).toEqual([
    '{"bench":"b","figures":{},"ratios":{},"targets":{"fast":{"want":2,"got":2,"met":true}}}',
  ]);
  expect(conclude({ ...good, targets: { slow: atMost(2, 3) } })).toBe(1);
  expect(conclude({ ...good, wrong: ['3 logs are missing'] })).toBe(1);
});
