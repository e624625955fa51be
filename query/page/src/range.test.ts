import { expect, test } from 'vitest';
import {
  bucketRange,
  finestOfUser,
  rangeAround,
  rangeOf,
  rangeParameters,
  shownOf,
  toLocalInput,
} from './range.ts';
import type { Range } from './range.ts';

const now = Date.parse('2026-11-23T04:12:45.678Z');
const iso = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();
const span = (name: Range['span']): Range => ({ span: name, from: '', to: '' });

test.each([
  ['1h', 'minute', '2026-11-23T03:12:00.000Z'],
  ['24h', 'hour', '2026-11-22T04:00:00.000Z'],
  ['7d', 'hour', '2026-11-16T04:00:00.000Z'],
  ['30d', 'day', '2026-10-24T04:00:00.000Z'],
] as const)('%s is shown by the %s, from a whole one on', (name, interval, from) => {
  const shown = shownOf(span(name), now);
  expect([shown.interval, iso(shown.from), shown.to]).toEqual([interval, from, undefined]);
});

test('a chosen time is shown by what its length asks for, and never finer than there is', () => {
  const of = (from: string, to: string, finest: 'minute' | 'hour' = 'minute'): string =>
    shownOf({ span: 'custom', from, to }, now, finest).interval;
  expect(of('2026-11-23T00:00:00.000Z', '2026-11-23T01:00:00.000Z')).toBe('minute');
  expect(of('2026-11-23T00:00:00.000Z', '2026-11-23T01:00:00.000Z', 'hour')).toBe('hour');
  expect(of('2026-11-16T00:00:00.000Z', '2026-11-17T00:00:00.000Z')).toBe('hour');
  expect(of('2026-10-01T00:00:00.000Z', '')).toBe('day');
});

test('a user has minutes for two days', () => {
  const finest = (from: string): string => finestOfUser({ span: 'custom', from, to: '' }, now);
  expect(finest('2026-11-21T05:00:00.000Z')).toBe('minute');
  expect(finest('2026-11-21T04:00:00.000Z')).toBe('hour');
  expect(finestOfUser(span('30d'), now)).toBe('minute');
});

test('a time that ends before it begins still has a minute', () => {
  const from = '2026-11-23T04:00:00.000Z';
  expect(iso(shownOf({ span: 'custom', from, to: '2026-11-01T00:00:00.000Z' }, now).to)).toBe(
    '2026-11-23T04:01:00.000Z',
  );
});

test.each<[string, Range | undefined]>([
  ['range=7d', span('7d')],
  [
    'range=custom&from=2026-11-23T04%3A12%3A00.000Z&to=2026-11-24T00%3A00%3A00.000Z',
    bucketRange(Date.parse('2026-11-23T04:12:00Z'), Date.parse('2026-11-24T00:00:00Z')),
  ],
  [
    'range=custom&from=2026-11-23T04%3A12%3A00.000Z',
    { span: 'custom', from: '2026-11-23T04:12:00.000Z', to: '' },
  ],
])('%s comes back from the address as it went in', (query, range) => {
  const read = rangeOf(new URLSearchParams(query));
  expect(read).toEqual(range);
  expect(read && new URLSearchParams(rangeParameters(read)).toString()).toBe(query);
});

test.each(['', 'range=nonsense', 'range=custom', 'range=custom&from=nonsense'])(
  '%j names no range',
  (query) => {
    expect(rangeOf(new URLSearchParams(query))).toBeUndefined();
  },
);

test.each([
  ['2026-11-23T04:00:00Z', span('24h')],
  ['2026-11-20T04:00:00Z', span('7d')],
  ['2026-11-01T04:00:00Z', span('30d')],
  [
    '2025-03-01T04:00:00Z',
    bucketRange(Date.parse('2025-01-31T00:00:00Z'), Date.parse('2025-03-02T00:00:00Z')),
  ],
])('somebody seen last at %s is shown at a range that has events', (seen, range) => {
  expect(rangeAround(Date.parse(seen), now)).toEqual(range);
});

test('an instant is the same after it was in an input of local times', () => {
  const instant = '2026-07-23T04:12:00.000Z';
  expect(new Date(toLocalInput(instant)).toISOString()).toBe(instant);
  expect(toLocalInput('')).toBe('');
});
