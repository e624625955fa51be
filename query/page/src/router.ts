// Which view is shown: read from the address behind `#`, so that links, reloads and the back button work.

/** How much time a list looks back. */
export const ranges = ['all', '15m', '1h', '24h', '7d', 'custom'] as const;
/** One of {@link ranges}. */
export type Range = (typeof ranges)[number];

/** Which events a list holds. */
export interface EventFilter {
  userId: string;
  types: string[];
  range: Range;
  /** Local times as an input gives them (`2026-11-23T04:12`), for the range `custom`. */
  from: string;
  to: string;
  /** A place in the list; empty for its live beginning. */
  cursor: string;
}

/** What the address names. */
export type Place =
  | { view: 'overview' }
  | { view: 'events'; filter: EventFilter }
  | { view: 'user'; userId: string }
  | { view: 'event'; userId: string; eventId: string }
  | { view: 'find' }
  | { view: 'pipeline' }
  | { view: 'nowhere' };

/** No filter at all. */
export const noFilter: EventFilter = { userId: '', types: [], range: 'all', from: '', to: '', cursor: '' };

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The place that a hash names. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const [view, first, second, ...more] = parts;
  if (more.length > 0 || parts.includes(undefined)) return { view: 'nowhere' };
  switch (view) {
    case undefined:
      return { view: 'overview' };
    case 'events':
      return first === undefined
        ? { view, filter: filterOf(new URLSearchParams(query)) }
        : { view: 'nowhere' };
    case 'users':
      return first !== undefined && second === undefined
        ? { view: 'user', userId: first }
        : { view: 'nowhere' };
    case 'event':
      return first !== undefined && second !== undefined
        ? { view, userId: first, eventId: second }
        : { view: 'nowhere' };
    case 'find':
    case 'pipeline':
      return first === undefined ? { view } : { view: 'nowhere' };
    default:
      return { view: 'nowhere' };
  }
}

function filterOf(query: URLSearchParams): EventFilter {
  const range = query.get('range');
  return {
    userId: query.get('user') ?? '',
    types: (query.get('type') ?? '').split(',').filter((type) => type !== ''),
    range: ranges.find((one) => one === range) ?? 'all',
    from: query.get('from') ?? '',
    to: query.get('to') ?? '',
    cursor: query.get('cursor') ?? '',
  };
}

/** The hash of a place. */
export function hashOf(place: Place): string {
  switch (place.view) {
    case 'events':
      return `#/events${queryOf(place.filter)}`;
    case 'user':
      return `#/users/${encodeURIComponent(place.userId)}`;
    case 'event':
      return `#/event/${encodeURIComponent(place.userId)}/${encodeURIComponent(place.eventId)}`;
    case 'find':
    case 'pipeline':
      return `#/${place.view}`;
    case 'overview':
    case 'nowhere':
      return '#/';
  }
}

function queryOf({ userId, types, range, from, to, cursor }: EventFilter): string {
  const custom = range === 'custom';
  const given = {
    user: userId,
    type: types.join(','),
    range: range === 'all' ? '' : range,
    from: custom ? from : '',
    to: custom ? to : '',
    cursor,
  };
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== '')).toString();
  return query === '' ? '' : `?${query}`;
}

const lengths = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 };

/** The API's parameters for a filter. Relative ranges begin at a whole minute, so that asking again is the same question. */
export function parametersOf(filter: EventFilter, now: number): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.userId !== '') query.set('userId', filter.userId);
  if (filter.types.length > 0) query.set('activityType', filter.types.join(','));
  if (filter.range === 'custom') {
    for (const name of ['from', 'to'] as const) {
      const at = new Date(filter[name]);
      if (!Number.isNaN(at.getTime())) query.set(name, at.toISOString());
    }
  } else if (filter.range !== 'all') {
    query.set('from', new Date(Math.floor((now - lengths[filter.range]) / 60_000) * 60_000).toISOString());
  }
  return query;
}
