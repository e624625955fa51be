// The sender's sums: against a sum by hand, and what is said of a difference.
import { expect, test } from 'vitest';
import { eventOf, spanMs, startBefore } from './events.ts';
import { differences, sumsOf } from './sums.ts';

const noon = Date.parse('2026-03-01T12:00:00.000Z');

function event(
  eventId: string,
  userId: string,
  activityType: string,
  timestamp: string,
): Parameters<typeof sumsOf>[0] extends Iterable<infer E> ? E : never {
  return { eventId, userId, activityType, timestamp, metadata: {} };
}

test('logs, windows, totals and the minutes of everybody', () => {
  const sums = sumsOf([
    event('a', 'ann', 'LOGIN', '2026-03-01T11:59:59.999Z'),
    event('b', 'ann', 'LOGIN', '2026-03-01T12:00:00.000Z'),
    event('c', 'bob', 'ERROR', '2026-03-01T12:00:01.000Z'),
  ]);
  expect(Object.fromEntries(sums.logs)).toEqual({
    a: 'ann|LOGIN|2026-03-01T11:59:59.999Z',
    b: 'ann|LOGIN|2026-03-01T12:00:00.000Z',
    c: 'bob|ERROR|2026-03-01T12:00:01.000Z',
  });
  expect(Object.fromEntries(sums.windows)).toEqual({
    'ann|minute|2026-03-01T11:59:00.000Z|LOGIN': '1',
    'ann|hour|2026-03-01T11:00:00.000Z|LOGIN': '1',
    'ann|day|2026-03-01T00:00:00.000Z|LOGIN': '2',
    'ann|minute|2026-03-01T12:00:00.000Z|LOGIN': '1',
    'ann|hour|2026-03-01T12:00:00.000Z|LOGIN': '1',
    'bob|minute|2026-03-01T12:00:00.000Z|ERROR': '1',
    'bob|hour|2026-03-01T12:00:00.000Z|ERROR': '1',
    'bob|day|2026-03-01T00:00:00.000Z|ERROR': '1',
  });
  expect(Object.fromEntries(sums.users)).toEqual({
    ann: '2|2026-03-01T11:59:59.999Z|2026-03-01T12:00:00.000Z',
    'ann|LOGIN': '2',
    bob: '1|2026-03-01T12:00:01.000Z|2026-03-01T12:00:01.000Z',
    'bob|ERROR': '1',
  });
  expect(Object.fromEntries(sums.everyone)).toEqual({
    '|minute|2026-03-01T11:59:00.000Z|LOGIN': '1',
    '|minute|2026-03-01T12:00:00.000Z|LOGIN': '1',
    '|minute|2026-03-01T12:00:00.000Z|ERROR': '1',
  });
});

test.each([0, 14_999, 15_000, 59_999])('events of a run that begins %i ms into a minute are past', (ms) => {
  const start = startBefore(noon + ms);
  expect(start + spanMs).toBeLessThanOrEqual(noon + ms);
  expect((start + spanMs / 2) % 60_000).toBe(0);
});

test('events are the same at every run, and each has an id of its own', () => {
  const options = { count: 1_000, users: 50, start: noon };
  const events = Array.from({ length: 1_000 }, (_, index) => eventOf(index, options));
  expect(events).toEqual(Array.from({ length: 1_000 }, (_, index) => eventOf(index, options)));
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(1_000);
  expect(new Set(events.map(({ userId }) => userId)).size).toBe(50);
});

test('what is missing, different or too much is named; what is the same is not', () => {
  const expected = new Map([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  expect(differences('counts', expected, new Map(expected))).toEqual([]);
  const found = new Map([
    ['a', '1'],
    ['b', '3'],
    ['d', '4'],
  ]);
  expect(differences('counts', expected, found)).toEqual([
    'counts: 3 of 3 differ: b is 3, not 2; c is missing, not 3; d (4) was not expected',
  ]);
});
