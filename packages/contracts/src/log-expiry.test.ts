import { expect, test } from 'vitest';
import { expiredIn, type ExpiryEntry } from './log-expiry.ts';

const since = '2026-01-01T00:00:00.000Z';
const before = '2025-12-01T00:00:00.000Z';
const now = new Date('2026-01-02T03:00:00.000Z');

function hour(partition: number, expires: string, expiring: number, expiriesSince = since): ExpiryEntry {
  return { partition, minute: expires, expires, expiring, expiriesSince };
}

const entries: ExpiryEntry[] = [
  { partition: 0, expired: 5, expiriesSince: since },
  { partition: 1 },
  hour(0, '2026-01-02T02:00:00.000Z', 1),
  hour(0, '2026-01-02T03:00:00.000Z', 2),
  // Not yet, of a count before this one, of a partition that counts none.
  hour(0, '2026-01-02T04:00:00.000Z', 10),
  hour(0, '2026-01-02T02:00:00.000Z', 20, before),
  hour(1, '2026-01-02T02:00:00.000Z', 40),
  { partition: 0, minute: '2026-01-02T02:00:00.000Z' },
];

test('what has expired is in the sum, and in the hours of the same count that have passed', () => {
  expect([...expiredIn(entries, now)]).toEqual([
    [0, 8],
    [1, 0],
  ]);
});

test('dates of MongoDB are the same times', () => {
  const times = ['minute', 'expires', 'expiriesSince'] as const;
  const stored = entries.map((entry) => ({
    ...entry,
    ...Object.fromEntries(times.flatMap((name) => (entry[name] ? [[name, new Date(entry[name])]] : []))),
  }));
  expect(expiredIn(stored, now)).toEqual(expiredIn(entries, now));
});
