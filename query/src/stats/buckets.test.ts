import { FailureError } from '@activity/service';
import { describe, expect, test } from 'vitest';
import { bucketsOf, filled, minuteRange } from './buckets.ts';

const at = (iso: string): Date => new Date(iso);
const now = Date.parse('2026-03-29T12:34:56.789Z');
const iso = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString());

describe('bucketsOf', () => {
  test('begins with the bucket that from is in and ends with the one that to is in', () => {
    const range = { from: at('2026-01-01T10:59:59.999Z'), to: at('2026-01-01T12:00:00.001Z') };
    const { starts, end } = bucketsOf({ interval: 'hour', tz: 'UTC', ...range }, now);
    expect(iso([...starts, end])).toEqual([
      '2026-01-01T10:00:00.000Z',
      '2026-01-01T11:00:00.000Z',
      '2026-01-01T12:00:00.000Z',
      '2026-01-01T13:00:00.000Z',
    ]);
  });

  test('makes days of 23 and of 25 hours where clocks are changed', () => {
    const spring = { from: at('2026-03-28T12:00:00Z'), to: at('2026-03-30T12:00:00Z') };
    const days = bucketsOf({ interval: 'day', tz: 'Europe/Berlin', ...spring }, now);
    expect(iso([...days.starts, days.end])).toEqual([
      '2026-03-27T23:00:00.000Z',
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
      '2026-03-30T22:00:00.000Z',
    ]);
    const autumn = { from: at('2026-10-25T00:00:00Z'), to: at('2026-10-25T12:00:00Z') };
    const { starts, end } = bucketsOf({ interval: 'day', tz: 'Europe/Berlin', ...autumn }, now);
    expect((end - (starts[0] ?? 0)) / 3_600_000).toBe(25);
  });

  test('begins hours where they begin in zones of half hours', () => {
    const range = { from: at('2026-01-01T10:00:00Z'), to: at('2026-01-01T10:30:00Z') };
    const { starts } = bucketsOf({ interval: 'hour', tz: 'Asia/Kolkata', ...range }, now);
    expect(iso(starts)).toEqual(['2026-01-01T09:30:00.000Z']);
  });

  test.each([
    ['minute', 61],
    ['hour', 25],
    ['day', 31],
  ] as const)('shows the last while of %ss unless told otherwise', (interval, count) => {
    const { starts, end } = bucketsOf({ interval, tz: 'UTC' }, now);
    expect(starts).toHaveLength(count);
    expect(end).toBeGreaterThan(now);
    expect(starts.at(-1)).toBeLessThanOrEqual(now);
  });

  test.each([
    { interval: 'minute', from: at('2026-01-01T00:00:00Z'), to: at('2026-01-02T01:00:01Z') },
    { interval: 'day', from: at('2024-01-01T00:00:00Z'), to: at('2026-01-02T00:00:00Z') },
    { interval: 'hour', from: at('2026-01-01T00:00:00Z'), to: at('2026-01-01T00:00:00Z') },
    { interval: 'hour', from: at('2026-01-02T00:00:00Z'), to: at('2026-01-01T00:00:00Z') },
    { interval: 'day', from: at('9000-01-01T00:00:00Z') },
  ] as const)('refuses $interval from $from to $to', (range) => {
    expect(() => bucketsOf({ tz: 'UTC', ...range }, now)).toThrow(FailureError);
  });
});

test('filled: gaps are 0, what is outside is left away', () => {
  const buckets = { starts: [0, 10, 20], end: 30 };
  const cells = [
    { start: -1, total: 9, byType: { A: 9 } },
    { start: 0, total: 1, byType: { A: 1 } },
    { start: 9, total: 3, byType: { A: 1, B: 2 } },
    { start: 29, total: 1, byType: { B: 1 } },
    { start: 30, total: 9, byType: { A: 9 } },
  ];
  expect(filled(buckets, cells)).toEqual([
    { start: '1970-01-01T00:00:00.000Z', total: 4, byType: { A: 2, B: 2 } },
    { start: '1970-01-01T00:00:00.010Z', total: 0, byType: {} },
    { start: '1970-01-01T00:00:00.020Z', total: 1, byType: { B: 1 } },
  ]);
});

test('minuteRange: whole minutes, the last 24 hours with the minute under way unless given', () => {
  const { from, to } = minuteRange({}, now);
  expect(iso([from, to])).toEqual(['2026-03-28T12:35:00.000Z', '2026-03-29T12:35:00.000Z']);
  expect(() => minuteRange({ from: at('2020-01-01T00:00:00Z') }, now)).toThrow(FailureError);
  const within = { from: at('2026-01-01T00:00:10Z'), to: at('2026-01-01T00:00:50Z') };
  expect(() => minuteRange(within, now)).toThrow(FailureError);
});
