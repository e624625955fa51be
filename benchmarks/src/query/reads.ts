// Every documented read, with parameters as they come: random users, filters, ranges.
import { userOf } from '@activity/e2e/testing/stored-activity';

/** A kind of read: makes a path at each call. */
export interface Read {
  name: string;
  path: () => string;
}

const types = ['LOGIN', 'LOGOUT', 'PAGE_VIEW', 'BUTTON_CLICK', 'FORM_SUBMIT', 'API_CALL', 'ERROR'];
const day = 86_400_000;

/** Paths of every read that the OpenAPI document has, the tail excepted: it has no end. */
export function readsOf(options: { logs: number; users: number; until: number; cursor: string }): Read[] {
  const { logs, users, until, cursor } = options;
  const pick = (count: number): number => Math.floor(Math.random() * count);
  const user = (): string => userOf(pick(users));
  const type = (): string => types[pick(types.length)] ?? 'LOGIN';
  const ago = (days: number): string =>
    new Date(until - Math.floor(Math.random() * days * day)).toISOString();

  return [
    { name: 'logs', path: () => '/api/logs?limit=50' },
    { name: 'logs, deep cursor', path: () => `/api/logs?limit=50&cursor=${cursor}` },
    { name: 'logs of a user', path: () => `/api/logs?limit=50&userId=${user()}` },
    { name: 'logs of a user and type', path: () => `/api/logs?userId=${user()}&activityType=${type()}` },
    { name: 'logs of a type', path: () => `/api/logs?limit=50&activityType=${type()}` },
    { name: 'logs of two types', path: () => `/api/logs?activityType=LOGIN,${type()}` },
    { name: 'logs of a time', path: () => `/api/logs?from=${ago(28)}&sort=oldest` },
    { name: 'logs of a session', path: () => `/api/logs?session=${pick(logs / 80) * 20 * 1_024}` },
    { name: 'logs of a device', path: () => '/api/logs?device=tablet' },
    { name: 'logs of a country', path: () => '/api/logs?country=DE' },
    { name: 'logs of a network', path: () => `/api/logs?ip=203.0.${pick(200)}.0/24` },
    { name: 'logs of an address', path: () => `/api/logs?ip=203.0.${pick(200)}.${1 + pick(50)}` },
    { name: 'logs of robots', path: () => '/api/logs?bot=true' },
    { name: 'one log', path: () => `/api/logs/event-${pick(logs)}` },
    { name: 'export of 1,000', path: () => `/api/logs/export?limit=1000&userId=${user()}` },
    { name: 'user activity', path: () => `/api/users/${user()}/activity` },
    {
      name: 'user timeline, days',
      path: () => `/api/users/${user()}/timeline?interval=day&tz=Europe/Berlin`,
    },
    {
      name: 'user timeline, hours',
      path: () => `/api/users/${user()}/timeline?interval=hour&from=${ago(28)}`,
    },
    { name: 'overview', path: () => '/api/stats/overview' },
    { name: 'timeline, hours', path: () => '/api/stats/timeline?interval=hour' },
    { name: 'timeline, days', path: () => '/api/stats/timeline?interval=day&tz=Asia/Kolkata' },
    { name: 'timeline, minutes', path: () => '/api/stats/timeline?interval=minute' },
    { name: 'types', path: () => `/api/stats/types?from=${ago(28)}` },
    { name: 'top users', path: () => '/api/stats/top-users?window=24h&limit=20' },
    { name: 'active users', path: () => '/api/stats/active-users' },
    { name: 'trace (others away)', path: () => `/api/events/event-${pick(logs)}/trace?userId=${user()}` },
    { name: 'pipeline (others away)', path: () => '/api/pipeline' },
  ];
}
