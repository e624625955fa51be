// Durations: what is one, and what is not.
import { describe, expect, test } from 'vitest';
import { milliseconds, type Duration } from './duration.ts';
import { FatalError } from './errors.ts';

describe('milliseconds', () => {
  test.each<[Duration, number]>([
    [0, 0],
    [1500, 1500],
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('of %s is %d', (duration, expected) => {
    expect(milliseconds(duration)).toBe(expected);
  });

  test.each<[string, unknown]>([
    ['negative', -1],
    ['fractional', 1.5],
    ['NaN', Number.NaN],
    ['endless', Number.POSITIVE_INFINITY],
    ['too large for an exact number', 2 ** 53],
    ['a negative text', '-5m'],
    ['a fractional text', '1.5h'],
    ['an unknown unit', '5 weeks'],
    ['no unit', '5'],
    ['no text', ''],
    ['no number', 'm'],
    ['a space', '5 m'],
  ])('refuses what is %s', (_what, duration) => {
    expect(() => milliseconds(duration as Duration)).toThrowError(FatalError);
    expect(() => milliseconds(duration as Duration)).toThrowError(`${String(duration)} is not a duration`);
  });
});
