// Which view is shown: read from the address behind `#`, so that links, reloads and the back button work.
import { instantOf, rangeOf, rangeParameters, spanMs, usualRange } from './range.ts';
import type { Range } from './range.ts';

/** How much time a list looks back. */
export const listRanges = ['all', '15m', '1h', '24h', '7d', '30d', 'custom'] as const;
/** One of {@link listRanges}. */
export type ListRange = (typeof listRanges)[number];

/** Which events a list holds: every filter that the API has. Empty: not filtered by it. */
export interface EventFilter {
  userId: string;
  types: string[];
  range: ListRange;
  /** ISO-8601 instants, for the range `custom`. */
  from: string;
  to: string;
  eventId: string;
  session: string;
  device: string;
  country: string;
  /** An address or a network. */
  ip: string;
  bot: '' | 'true' | 'false';
  /** A place in the list; empty for its live beginning. */
  cursor: string;
}

/**
 * The filters beside user, type and time, by the names that they have in the address and in the API alike.
 */
export const moreFilters = ['eventId', 'session', 'device', 'country', 'ip', 'bot'] as const;

/** A list of events. */
export interface EventsPlace {
  view: 'events';
  filter: EventFilter;
}

/** What the address names. */
export type Place =
  | { view: 'overview'; range: Range; type: string }
  | EventsPlace
  /** Without a range, one is shown that has events. */
  | { view: 'user'; userId: string; range: Range | undefined; type: string }
  | { view: 'event'; userId: string; eventId: string }
  | { view: 'find' }
  | { view: 'pipeline' }
  | { view: 'types' }
  | { view: 'nowhere' };

/** No filter at all. */
export const noFilter: EventFilter = {
  userId: '',
  types: [],
  range: 'all',
  from: '',
  to: '',
  eventId: '',
  session: '',
  device: '',
  country: '',
  ip: '',
  bot: '',
  cursor: '',
};

/** The overview as it opens. */
export const overviewPlace: Place = { view: 'overview', range: usualRange, type: '' };

/** A user's page as it opens. */
export function userPlace(userId: string): Place {
  return { view: 'user', userId, range: undefined, type: '' };
}

/** The events of a time, a user and a type; empty: of anyone, of any. */
export function eventsIn({ span, from, to }: Range, userId: string, type: string): EventsPlace {
  const types = type === '' ? [] : [type];
  return { view: 'events', filter: { ...noFilter, userId, types, range: span, from, to } };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The place that a hash names. */
export function placeOf(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const query = new URLSearchParams(search);
  const type = query.get('type') ?? '';
  const [view, first, second, ...more] = parts;
  if (more.length > 0 || parts.includes(undefined)) return { view: 'nowhere' };
  switch (view) {
    case undefined:
      return { view: 'overview', range: rangeOf(query) ?? usualRange, type };
    case 'events':
      return first === undefined ? { view, filter: filterOf(query) } : { view: 'nowhere' };
    case 'users':
      return first !== undefined && second === undefined
        ? { view: 'user', userId: first, range: rangeOf(query), type }
        : { view: 'nowhere' };
    case 'event':
      return first !== undefined && second !== undefined
        ? { view, userId: first, eventId: second }
        : { view: 'nowhere' };
    case 'find':
    case 'pipeline':
    case 'types':
      return first === undefined ? { view } : { view: 'nowhere' };
    default:
      return { view: 'nowhere' };
  }
}

function filterOf(query: URLSearchParams): EventFilter {
  const given = (name: string): string => query.get(name) ?? '';
  const bot = given('bot');
  return {
    userId: given('user'),
    types: given('type')
      .split(',')
      .filter((type) => type !== '')
      .map((type) => decode(type) ?? type),
    range: listRanges.find((one) => one === given('range')) ?? 'all',
    from: instantOf(query.get('from')),
    to: instantOf(query.get('to')),
    eventId: given('eventId'),
    session: given('session'),
    device: given('device'),
    country: given('country'),
    ip: given('ip'),
    bot: bot === 'true' || bot === 'false' ? bot : '',
    cursor: given('cursor'),
  };
}

/** The hash of a place. */
export function hashOf(place: Place): string {
  switch (place.view) {
    case 'events':
      return `#/events${filterQuery(place.filter)}`;
    case 'user': {
      const range = place.range === undefined ? {} : rangeParameters(place.range);
      return `#/users/${encodeURIComponent(place.userId)}${queryOf({ ...range, type: place.type })}`;
    }
    case 'event':
      return `#/event/${encodeURIComponent(place.userId)}/${encodeURIComponent(place.eventId)}`;
    case 'find':
    case 'pipeline':
    case 'types':
      return `#/${place.view}`;
    case 'overview': {
      const range = place.range.span === usualRange.span ? {} : rangeParameters(place.range);
      return `#/${queryOf({ ...range, type: place.type })}`;
    }
    case 'nowhere':
      return '#/';
  }
}

function queryOf(given: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== '')).toString();
  return query === '' ? '' : `?${query}`;
}

function filterQuery({ userId, types, range, from, to, cursor, ...more }: EventFilter): string {
  const custom = range === 'custom';
  return queryOf({
    user: userId,
    type: types.map((type) => type.replace(/[%,]/g, encodeURIComponent)).join(','),
    range: range === 'all' ? '' : range,
    from: custom ? from : '',
    to: custom ? to : '',
    ...more,
    cursor,
  });
}

const lengths = { ...spanMs, '15m': 900_000 };

/**
 * The API's parameters for a filter. Relative ranges begin at a whole minute, so that asking again is the
 * same question.
 */
export function parametersOf(filter: EventFilter, now: number): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.userId !== '') query.set('userId', filter.userId);
  // One by one where the name of a type has a comma itself.
  const isPlain = filter.types.every((type) => !type.includes(','));
  const types = isPlain && filter.types.length > 0 ? [filter.types.join(',')] : filter.types;
  for (const type of types) query.append('activityType', type);
  for (const name of moreFilters) if (filter[name] !== '') query.set(name, filter[name]);
  if (filter.range === 'custom') {
    for (const name of ['from', 'to'] as const) if (filter[name] !== '') query.set(name, filter[name]);
  } else if (filter.range !== 'all') {
    query.set('from', new Date(Math.floor((now - lengths[filter.range]) / 60_000) * 60_000).toISOString());
  }
  return query;
}
