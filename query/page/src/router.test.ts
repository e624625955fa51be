import { describe, expect, test } from 'vitest';
import { usualRange } from './range.ts';
import type { Range } from './range.ts';
import { eventsIn, hashOf, noFilter, overviewPlace, parametersOf, placeOf, userPlace } from './router.ts';
import type { EventFilter, Place } from './router.ts';

const filter: EventFilter = {
  userId: 'a&b=c/d',
  types: ['LOGIN', 'ERROR'],
  range: 'custom',
  from: '2026-11-23T04:12:00.000Z',
  to: '2026-11-24T00:00:00.000Z',
  eventId: 'e=1',
  session: '1024',
  device: 'mobile',
  country: 'DE',
  ip: '2001:db8:1::/48',
  bot: 'false',
  cursor: 'W.x-y',
};
const week: Range = { span: '7d', from: '', to: '' };
const day: Range = { span: 'custom', from: filter.from, to: filter.to };

test.each<[string, Place]>([
  ['#/', overviewPlace],
  ['#/?range=7d&type=LOGIN', { view: 'overview', range: week, type: 'LOGIN' }],
  ['#/events', { view: 'events', filter: noFilter }],
  ['#/users/a%2Fb%3F%23%25', userPlace('a/b?#%')],
  ['#/users/ada?range=24h', { view: 'user', userId: 'ada', range: usualRange, type: '' }],
  ['#/event/u%201/e%2F1', { view: 'event', userId: 'u 1', eventId: 'e/1' }],
  ['#/find', { view: 'find' }],
  ['#/pipeline', { view: 'pipeline' }],
])('%s names a place, and the place names it', (hash, place) => {
  expect(placeOf(hash)).toEqual(place);
  expect(hashOf(place)).toBe(hash);
});

test('filters and ranges come back from their address as they went in', () => {
  const places: Place[] = [
    { view: 'events', filter },
    { view: 'overview', range: day, type: '' },
    { view: 'user', userId: 'u', range: day, type: 'ERROR' },
  ];
  for (const place of places) expect(placeOf(hashOf(place))).toEqual(place);
});

test('local times, as addresses had them, are still read', () => {
  expect(placeOf('#/events?range=custom&from=2026-11-23T04%3A12')).toMatchObject({
    filter: { range: 'custom', from: new Date('2026-11-23T04:12').toISOString(), to: '' },
  });
});

test('a time, a user and a type lead to their events', () => {
  expect(eventsIn(day, 'u', 'ERROR')).toEqual({
    view: 'events',
    filter: { ...noFilter, userId: 'u', types: ['ERROR'], range: 'custom', from: day.from, to: day.to },
  });
  expect(eventsIn(week, '', '')).toEqual({ view: 'events', filter: { ...noFilter, range: '7d' } });
});

test.each(['', '#', '#/?x=1', '#/?range=nonsense'])('%j is the overview', (hash) => {
  expect(placeOf(hash)).toEqual(overviewPlace);
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

test('types whose names have commas and percent signs', () => {
  const types = ['Order, Completed', '100%', 'LOGIN'];
  const place = { view: 'events', filter: { ...noFilter, types } } as const;
  expect(placeOf(hashOf(place))).toEqual(place);
  expect(parametersOf(place.filter, 0).getAll('activityType')).toEqual(types);
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

  test('hold every filter that was given', () => {
    expect(Object.fromEntries(parametersOf(filter, now))).toEqual({
      userId: 'a&b=c/d',
      activityType: 'LOGIN,ERROR',
      from: filter.from,
      to: filter.to,
      eventId: 'e=1',
      session: '1024',
      device: 'mobile',
      country: 'DE',
      ip: '2001:db8:1::/48',
      bot: 'false',
    });
    expect(parametersOf({ ...noFilter, range: 'custom' }, now).size).toBe(0);
  });
});
