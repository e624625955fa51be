import { describe, expect, test } from 'vitest';
import { ago, bucketTime, count, counted, duration, listTime, moment, percent } from './format.ts';

test('counts', () => {
  expect([count(0), count(1_234_567), count(null), count(undefined)]).toEqual(['0', '1,234,567', '–', '–']);
  expect([counted(1, 'event'), counted(2_000, 'event'), counted(0, 'copy', 'copies')]).toEqual([
    '1 event',
    '2,000 events',
    '0 copies',
  ]);
  expect([percent(0.5231), percent(1), percent(0)]).toEqual(['52.3%', '100%', '0%']);
});

test.each([
  [-5, '0 ms'],
  [850.4, '850 ms'],
  [12_999, '12 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [86_400_000 * 1_200, '1,200 d'],
])('%d ms are %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test('how long ago; clocks that differ a little do not see the future', () => {
  const now = Date.parse('2026-11-23T04:12:45Z');
  expect(ago('2026-11-23T04:12:50Z', now)).toBe('just now');
  expect(ago('2026-11-23T01:00:00Z', now)).toBe('3 h ago');
});

describe('times', () => {
  const now = Date.parse('2026-11-23T23:30:00Z');

  test('of a list: today to the second, else with the day, in the zone', () => {
    expect(listTime('2026-11-23T22:59:58Z', now, 'UTC')).toBe('22:59:58');
    expect(listTime('2026-11-22T22:59:58Z', now, 'UTC')).toBe('22 Nov 22:59');
    expect(listTime('2025-11-23T22:59:58Z', now, 'UTC')).toBe('23 Nov 2025');
    // There it is the 24th already.
    expect(listTime('2026-11-23T22:59:58Z', now, 'Europe/Berlin')).toBe('23 Nov 23:59');
  });

  test('in full', () => {
    expect(moment('2026-11-23T04:12:03.117Z', 'UTC')).toBe('23 Nov 2026, 04:12:03.117');
  });

  test('of buckets', () => {
    const start = new Date(2026, 10, 23, 4, 0).toISOString();
    expect(bucketTime(start, 'day', now)).toBe('Mon 23 Nov');
    expect(bucketTime(start, 'hour', now)).toBe('Mon 23 Nov, 04:00–05:00');
    expect(bucketTime(start, 'minute', now)).toBe('Mon 23 Nov, 04:00–04:01');
    expect(bucketTime(start, 'day', now + 365 * 86_400_000)).toBe('Mon 23 Nov 2026');
  });
});
