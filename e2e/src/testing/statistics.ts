// Every documented statistic, read while events are sent: an answer holds at least what was acknowledged
// before its asOf, and at most what was sent before it came.
import { windowSizes, type WindowSize } from '@activity/contracts';
import type { SentEvent } from './shop-week.ts';

type Json = Record<string, unknown>;
type Counts = Record<string, number>;

/** The events that an answer must hold, and those that it may. */
interface Bounds {
  least: readonly SentEvent[];
  most: readonly SentEvent[];
  /** When the answer was asked for, and when it had come, in epoch milliseconds. */
  asked: number;
  came: number;
}

/** One number of an answer, and between what it must be. */
interface Checked {
  what: string;
  is: unknown;
  least: number;
  most: number;
}

interface Statistic {
  path: string;
  numbers: (answer: Json, bounds: Bounds) => Checked[];
}

function numberOf(
  what: string,
  is: unknown,
  { least, most }: Bounds,
  of: (event: SentEvent) => boolean,
): Checked {
  return { what, is: is ?? 0, least: least.filter(of).length, most: most.filter(of).length };
}

function typesOf(what: string, byType: Counts, bounds: Bounds, of: (event: SentEvent) => boolean): Checked[] {
  const types = new Set([...Object.keys(byType), ...bounds.most.map(({ activityType }) => activityType)]);
  return [...types].map((type) =>
    numberOf(`${what} ${type}`, byType[type], bounds, (event) => event.activityType === type && of(event)),
  );
}

function usersOf(what: string, is: unknown, bounds: Bounds, of: (event: SentEvent) => boolean): Checked {
  const count = (events: readonly SentEvent[]): number =>
    new Set(events.filter(of).map(({ userId }) => userId)).size;
  return { what, is, least: count(bounds.least), most: count(bounds.most) };
}

function timeline(interval: WindowSize, answer: Json, bounds: Bounds, userId?: string): Checked[] {
  const buckets = answer['buckets'] as { start: string; total: number; byType: Counts }[];
  return buckets.flatMap(({ start, total, byType }) => {
    const from = Date.parse(start);
    const within = (event: SentEvent): boolean =>
      event.time >= from &&
      event.time < from + windowSizes[interval] &&
      (userId === undefined || event.userId === userId);
    return [numberOf(start, total, bounds, within), ...typesOf(start, byType, bounds, within)];
  });
}

/** The statistics of a time, of all users and of some. */
function statistics(from: number, to: number, users: readonly string[]): Statistic[] {
  const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
  const lastDay = `from=${new Date(to - windowSizes.day).toISOString()}&to=${new Date(to).toISOString()}`;
  const timelines = (['day', 'hour', 'minute'] as const).map((interval): Statistic => ({
    path: `/api/stats/timeline?interval=${interval}&${interval === 'minute' ? lastDay : range}`,
    numbers: (answer, bounds) => timeline(interval, answer, bounds),
  }));
  const ofUsers = users.flatMap((userId): Statistic[] => [
    {
      path: `/api/users/${userId}/activity`,
      numbers: ({ total, byType = {} }, bounds) => [
        numberOf('total', total, bounds, (event) => event.userId === userId),
        ...typesOf('total', byType as Counts, bounds, (event) => event.userId === userId),
      ],
    },
    ...(['day', 'hour'] as const).map((interval): Statistic => ({
      path: `/api/users/${userId}/timeline?interval=${interval}&${range}`,
      numbers: (answer, bounds) => timeline(interval, answer, bounds, userId),
    })),
  ]);
  return [...timelines, ...ofUsers, overview, typesIn(range), topUsers, activeUsers];
}

const overview: Statistic = {
  path: '/api/stats/overview',
  numbers({ events, users, byType }, bounds) {
    const { total, last24h } = events as Counts;
    const { monthly } = users as Counts;
    const minute = (time: number): number => Math.floor((time - windowSizes.day) / 60_000) * 60_000;
    // Where the day began depends on when between the two times it was read.
    const day = (since: number) => (event: SentEvent) => event.time >= since;
    const [first, last] = [minute(bounds.asked), minute(bounds.came)];
    const least = bounds.least.filter(day(last));
    const most = bounds.most.filter(day(first));
    return [
      numberOf('total', total, bounds, () => true),
      usersOf('monthly', monthly, bounds, () => true),
      { what: 'last24h', is: last24h, least: least.length, most: most.length },
      ...typesOf('last24h', byType as Counts, { ...bounds, least, most }, () => true),
    ];
  },
};

function typesIn(range: string): Statistic {
  return {
    path: `/api/stats/types?${range}`,
    numbers({ total, types: found }, bounds) {
      const counts = Object.fromEntries(
        (found as { activityType: string; total: number }[]).map((one) => [one.activityType, one.total]),
      );
      return [numberOf('total', total, bounds, () => true), ...typesOf('total', counts, bounds, () => true)];
    },
  };
}

const topUsers: Statistic = {
  path: '/api/stats/top-users?window=all&limit=100',
  numbers: ({ users }, bounds) =>
    (users as { userId: string; total: number }[]).map(({ userId, total }) =>
      numberOf(userId, total, bounds, (event) => event.userId === userId),
    ),
};

const activeUsers: Statistic = {
  path: '/api/stats/active-users?days=9',
  numbers: ({ days, monthly }, bounds) => [
    usersOf('monthly', monthly, bounds, () => true),
    ...(days as { day: string; users: number }[]).map(({ day, users }) =>
      usersOf(day, users, bounds, ({ time }) => new Date(time).toISOString().startsWith(day)),
    ),
  ],
};

/** What was read of the statistics, and what was wrong with it. */
export interface Watching {
  /** Reads all once. Returns what is not what was sent so far. */
  read: () => Promise<string[]>;
  /** What contradicted its own asOf, or went back. */
  wrong: string[];
  /** The newest asOf of each path. */
  asOf: Map<string, number>;
  answers: number;
}

/** Makes what reads the statistics of a time and checks them. */
export function watchStatistics(
  query: string,
  sent: readonly SentEvent[],
  { from, to, users }: { from: number; to: number; users: readonly string[] },
): Watching {
  const watching: Watching = { read, wrong: [], asOf: new Map(), answers: 0 };

  async function readOne({ path, numbers }: Statistic): Promise<string[]> {
    const asked = Date.now();
    const response = await fetch(`${query}${path}`);
    const answer = (await response.json()) as Json;
    const came = Date.now();
    if (response.status === 404) return [`${path}: 404`];
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    watching.answers++;
    const asOf = answer['asOf'] === null ? undefined : Date.parse(answer['asOf'] as string);
    const before = watching.asOf.get(path);
    if (before !== undefined && (asOf === undefined || asOf < before)) {
      watching.wrong.push(`${path}: asOf went back from ${before} to ${asOf}`);
    }
    if (asOf !== undefined) watching.asOf.set(path, asOf);
    const least = sent.filter(({ acknowledgedAt }) => asOf !== undefined && acknowledgedAt < asOf);
    const most = sent.filter(({ sentAt }) => sentAt <= came);
    for (const one of numbers(answer, { least, most, asked, came })) {
      if (Number(one.is) < one.least || Number(one.is) > one.most) {
        const bounds = `not between ${one.least} and ${one.most}`;
        watching.wrong.push(
          `${path} as of ${String(answer['asOf'])}: ${one.what} is ${Number(one.is)}, ${bounds}`,
        );
      }
    }
    return numbers(answer, { least: sent, most: sent, asked, came })
      .filter(({ is, least: wanted }) => Number(is) < wanted)
      .map(({ what, is, least: wanted }) => `${path}: ${what} is ${Number(is)}, not ${wanted}`);
  }

  async function read(): Promise<string[]> {
    const all = await Promise.all(statistics(from, to, users).map(readOne));
    return all.flat();
  }

  return watching;
}
