// How many logs a list has: counted up to 10,000, estimated beyond, so that no answer counts millions.
import type { Collection } from 'mongodb';
import type { Reads } from '../reads/reads.ts';
import { mongoFilter } from './filter.ts';
import type { LogFilter } from './filter.ts';
import type { LogDocument } from './log-json.ts';

/** A total, and what it is. */
export interface Total {
  total: number;
  totalIs: 'exact' | 'estimate';
}

/** What a user's document tells of the total. */
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
}

/** The most that are counted. */
const exactUpTo = 10_000;

/** Makes what tells totals. */
export function createTotals({ reads, logs, user }: TotalsOptions): (filter: LogFilter) => Promise<Total> {
  async function counted(filter: LogFilter): Promise<Total | undefined> {
    // Counted in the index alone, which holds no marker.
    const total = await reads.count('logs.count', logs, mongoFilter(filter), exactUpTo + 1);
    return total > exactUpTo ? undefined : { total, totalIs: 'exact' };
  }

  return async function totalOf(filter: LogFilter): Promise<Total> {
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
    const total = known && totalOfUser(known, activityType);
    return { total: Math.max(exactUpTo + 1, total ?? (await extrapolated(filter))), totalIs: 'estimate' };
  };

  /** As many in all of the time as there are in the time of the newest ones. */
  async function extrapolated(filter: LogFilter): Promise<number> {
    const query = mongoFilter(filter);
    async function timeOf(direction: 1 | -1, skip: number): Promise<number> {
      const sort = { timestamp: direction, _id: direction } as const;
      const options = { sort, skip, limit: 1, projection: { _id: 0, timestamp: 1 } };
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
}

function totalOfUser({ total, byType = {} }: UserTotals, types: string[] | undefined): number | undefined {
  if (types === undefined) return total;
  return types.reduce((sum, type) => sum + (byType[type] ?? 0), 0);
}
