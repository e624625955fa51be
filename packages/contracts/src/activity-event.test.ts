import { expect, test } from 'vitest';
import { activityInputOf } from './activity-event.ts';

function timeOf(timestamp: unknown, minYear?: number): string | undefined {
  const parsed = activityInputOf(minYear).safeParse({
    userId: 'u',
    activityType: 'LOGIN',
    timestamp,
  });
  return parsed.success ? parsed.data.timestamp : parsed.error.issues[0]?.message;
}

test.each<[unknown, string]>([
  ['2026-01-01T01:00:00.1234+02:00', '2025-12-31T23:00:00.123Z'],
  ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'],
  [1_795_390_000_000, '2026-11-22T23:26:40.000Z'],
  ['2000-01-01T00:30:00+01:00', 'must be in the years 2000 to 9999'],
  ['1999-12-31T23:30:00-01:00', '2000-01-01T00:30:00.000Z'],
  ['1999-12-31T23:59:59.999Z', 'must be in the years 2000 to 9999'],
  [1_795_390_000, 'must be epoch milliseconds: this looks like seconds, send 1000 times as much'],
  [-1, 'must be epoch milliseconds: this looks like seconds, send 1000 times as much'],
])('the timestamp %j is read as %s', (timestamp, expected) => {
  expect(timeOf(timestamp)).toBe(expected);
});

test('the first year is the one that is configured', () => {
  expect(timeOf('1985-06-01T00:00:00Z', 1970)).toBe('1985-06-01T00:00:00.000Z');
  expect(timeOf('1970-01-01T00:00:00Z', 1970)).toBe('1970-01-01T00:00:00.000Z');
  expect(timeOf('1969-12-31T23:59:59Z', 1970)).toBe('must be in the years 1970 to 9999');
  expect(timeOf('2025-12-31T23:59:59Z', 2026)).toBe('must be in the years 2026 to 9999');
});
