// How many logs a list has: counted up to 10,000, estimated beyond, so that no answer counts millions.
import { windowSizes } from '@activity/contracts';
import { LRUCache } from 'lru-cache';
import type { Collection } from 'mongodb';
import type { Reads } from '../reads/reads.ts';
import { filterDigest, indexFor, mongoFilter } from './filter.ts';
import type { LogFilter } from './filter.ts';
import type { LogDocument } from './log-json.ts';

/** A total, and what it is. */
export interface Total {
  total: number;
  totalIs: 'exact' | 'estimate';
}

/** What a user's document says of the total. */
export interface UserTotals {
  total?: number;
  byType?: Record<string, number>;
}

/** What the totals are read from. */
export interface TotalsOptions {
  reads: Reads;
  logs: Collection<LogDocument>;
  /** A user's counts, if there are any. */
  user: (userId: string) => Promise<UserTotals | undefined>;
  /** The counts of all users from one time to another, in epoch milliseconds. */
  sum: (from: number, to: number) => Promise<Required<UserTotals>>;
  now: () => number;
}

/** The most that are counted. */
const exactUpTo = 10_000;

/**
 * How long an estimate is given again before it is made again,
 * in milliseconds: what is exact is counted each time.
 */
const estimateMs = 60_000;
/** The longest time whose counts are added up for a total. */
const maxSummedMs = 92 * windowSizes.day;

/** Makes the function that returns totals. */
export function createTotals({
  reads,
  logs,
  user,
  sum,
  now,
}: TotalsOptions): (filter: LogFilter) => Promise<Total> {
  const estimates = new LRUCache<string, Total>({
    max: 1_000,
    ttl: estimateMs,
    allowStale: true,
    noDeleteOnStaleGet: true,
  });
  const underWay = new Map<string, Promise<Total>>();

  async function looked(filter: LogFilter, digest: string): Promise<Total> {
    try {
      const total = await look(filter);
      if (total.totalIs === 'estimate') estimates.set(digest, total);
      else estimates.delete(digest);
      return total;
    } finally {
      underWay.delete(digest);
    }
  }

  async function totalOf(filter: LogFilter): Promise<Total> {
    const digest = filterDigest(filter);
    const known = estimates.peek(digest, { allowStale: true });
    if (known !== undefined && estimates.has(digest)) return known;
    // Those who ask for the same at the same time are told the same.
    let looking = underWay.get(digest);
    if (looking === undefined) underWay.set(digest, (looking = looked(filter, digest)));
    if (known === undefined) return looking;
    looking.catch(() => {});
    return known;
  }

  async function counted(filter: LogFilter): Promise<Total | undefined> {
    // Counted in the index alone, which holds no marker.
    const total = await reads.count('logs.count', logs, mongoFilter(filter), exactUpTo + 1, indexFor(filter));
    return total > exactUpTo ? undefined : { total, totalIs: 'exact' };
  }

  /**
   * What the counts of minutes say of a time, and of types in it;
   * undefined where something else is asked for.
   */
  async function totalOfMinutes({ from, to, activityType, ...rest }: LogFilter): Promise<number | undefined> {
    if (from === undefined || Object.values(rest).some((value) => value !== undefined)) return undefined;
    const { minute } = windowSizes;
    const begin = Math.floor(from.getTime() / minute) * minute;
    const end = Math.ceil(Math.min(to?.getTime() ?? Infinity, now() + minute) / minute) * minute;
    if (begin >= end || end - begin > maxSummedMs) return undefined;
    return totalWith(await sum(begin, end), activityType);
  }

  async function look(filter: LogFilter): Promise<Total> {
    const minutes = await totalOfMinutes(filter);
    if (minutes !== undefined && minutes > 2 * exactUpTo) return { total: minutes, totalIs: 'estimate' };
    const { userId, activityType, ...rest } = filter;
    const narrowed = Object.values(rest).some((value) => value !== undefined);
    if (!narrowed && userId === undefined && activityType === undefined) {
      const all = await reads.estimate('logs.estimate', logs);
      // Far above, no counting is needed to see that it is more than is counted.
      if (all > 2 * exactUpTo) return { total: all, totalIs: 'estimate' };
      return (await counted(filter)) ?? { total: all, totalIs: 'estimate' };
    }
    const exact = await counted(filter);
    if (exact !== undefined) return exact;
    const known = narrowed || userId === undefined ? undefined : await user(userId);
    const total = known && totalWith(known, activityType);
    return { total: Math.max(exactUpTo + 1, total ?? (await extrapolated(filter))), totalIs: 'estimate' };
  }

  /** As many in all of the time as there are in the time of the newest ones. */
  async function extrapolated(filter: LogFilter): Promise<number> {
    const query = mongoFilter(filter);
    async function timeOf(direction: 1 | -1, skip: number): Promise<number> {
      const sort = { timestamp: direction, _id: direction } as const;
      const options = { sort, skip, limit: 1, projection: { _id: 0, timestamp: 1 }, index: indexFor(filter) };
      const [found] = await reads.find('logs.span', logs, query, options);
      return found?.timestamp.getTime() ?? 0;
    }
    const [newest, limit, oldest, all] = await Promise.all([
      timeOf(-1, 0),
      timeOf(-1, exactUpTo),
      timeOf(1, 0),
      reads.estimate('logs.estimate', logs),
    ]);
    const spans = (newest - oldest) / Math.max(1, newest - limit);
    return Math.min(all, Math.round(exactUpTo * spans));
  }

  return totalOf;
}

function totalWith({ total, byType = {} }: UserTotals, types: string[] | undefined): number | undefined {
  if (types === undefined) return total;
  return types.reduce((sum, type) => sum + (byType[type] ?? 0), 0);
}
