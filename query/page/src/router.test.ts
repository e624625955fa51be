import { describe, expect, test } from 'vitest';
import { hashOf, noFilter, parametersOf, placeOf } from './router.ts';
import type { EventFilter, Place } from './router.ts';

const filter: EventFilter = {
  userId: 'a&b=c/d',
  types: ['LOGIN', 'ERROR'],
  range: 'custom',
  from: '2026-11-23T04:12',
  to: '2026-11-24T00:00',
  cursor: 'W.x-y',
};

test.each<[string, Place]>([
  ['#/', { view: 'overview' }],
  ['#/events', { view: 'events', filter: noFilter }],
  ['#/users/a%2Fb%3F%23%25', { view: 'user', userId: 'a/b?#%' }],
  ['#/event/u%201/e%2F1', { view: 'event', userId: 'u 1', eventId: 'e/1' }],
  ['#/find', { view: 'find' }],
  ['#/pipeline', { view: 'pipeline' }],
])('%s names a place, and the place names it', (hash, place) => {
  expect(placeOf(hash)).toEqual(place);
  expect(hashOf(place)).toBe(hash);
});

test('a filter comes back from its address as it went in', () => {
  const hash = hashOf({ view: 'events', filter });
  expect(placeOf(hash)).toEqual({ view: 'events', filter });
});

test.each(['', '#', '#/?x=1'])('%j is the overview', (hash) => {
  expect(placeOf(hash)).toEqual({ view: 'overview' });
});

test.each([
  '#/nothing',
  '#/users',
  '#/users/a/b',
  '#/event/a',
  '#/pipeline/x',
  '#/users/%E0%A4',
  '#/events/x',
  '#/event/a/b/c',
])('%s is nowhere', (hash) => {
  expect(placeOf(hash)).toEqual({ view: 'nowhere' });
});

describe('the parameters of a filter', () => {
  const now = Date.parse('2026-11-23T04:12:45.678Z');

  test('are none for no filter', () => {
    expect(parametersOf(noFilter, now).toString()).toBe('');
  });

  test('begin at a whole minute for ranges that end now', () => {
    const parameters = parametersOf({ ...noFilter, userId: 'u', types: ['A', 'B'], range: '1h' }, now);
    expect(Object.fromEntries(parameters)).toEqual({
      userId: 'u',
      activityType: 'A,B',
      from: '2026-11-23T03:12:00.000Z',
    });
  });

  test('hold the times that were given, and not what is no time', () => {
    const given = parametersOf({ ...filter, userId: '', types: [] }, now);
    expect(Object.fromEntries(given)).toEqual({
      from: new Date('2026-11-23T04:12').toISOString(),
      to: new Date('2026-11-24T00:00').toISOString(),
    });
    expect(parametersOf({ ...noFilter, range: 'custom', from: 'nonsense' }, now).size).toBe(0);
  });
});
