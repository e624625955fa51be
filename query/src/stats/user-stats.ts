// Which users are the busiest, and how many are active.
import { collections, windowSizes } from '@activity/contracts';
import { LRUCache } from 'lru-cache';
import type { Collection, Document } from 'mongodb';
import type { FreshnessOf } from '../pipeline/freshness.ts';
import type { Reads } from '../reads/reads.ts';
import type { UserDocument } from './user-store.ts';
import type { CountDocument } from './user-timeline.ts';

/** The times that users can be ranked over. */
export const rankings = {
  '5m': 'rolling.last5m',
  '1h': 'rolling.last1h',
  '24h': 'rolling.last24h',
  all: 'total',
};
/** One of them. */
export type Ranking = keyof typeof rankings;

/** A user in a ranking. */
export interface RankedUser {
  userId: string;
  total: number;
  lastSeen: Date | undefined;
}

/** How many users were active. */
export interface ActiveUsers {
  /** In the last 24 hours, 7 days and 30 days. */
  daily: number;
  weekly: number;
  monthly: number;
  /** By days of UTC, the last one not over yet. */
  days: { day: string; users: number }[];
}

/** What is known of all users together. */
export interface UserStats {
  top: (ranking: Ranking, limit: number) => Promise<RankedUser[]>;
  /** What is remembered is as fresh as `fresh` says, which was asked for before. */
  active: (days: number, fresh: FreshnessOf) => Promise<ActiveUsers>;
  /** How many users are known: the collection's metadata without the markers of erased ones. */
  known: () => Promise<number>;
}

/** What the numbers are read from. */
export interface UserStatsOptions {
  reads: Reads;
  users: Collection<UserDocument>;
  counts: Collection<CountDocument>;
  now: () => number;
}

/** The most that are counted: what is more is said to be as much. */
const maxCounted = 1_000_000;
const maxErased = 10_000_000;
/** Counting users costs by how many they are; and they are fewer as time passes. */
const rememberedMs = 5_000;

/** Makes what reads them. */
export function createUserStats({ reads, users, counts, now }: UserStatsOptions): UserStats {
  const remembered = new LRUCache<string, { count: number; version: string | undefined }>({
    max: 2_000,
    ttl: rememberedMs,
  });

  /**
   * A count is remembered while the sink stores nothing, or while nobody knows what it stores and answers
   * have no asOf.
   */
  async function remember(
    name: string,
    { version }: FreshnessOf,
    count: () => Promise<number>,
  ): Promise<number> {
    const known = remembered.get(name);
    if (known !== undefined && known.version === version) return known.count;
    const counted = await count();
    remembered.set(name, { count: counted, version });
    return counted;
  }

  async function seenIn(days: number, fresh: FreshnessOf): Promise<number> {
    return remember(`seen ${days}`, fresh, async () => {
      const lastSeen = { $gte: new Date(now() - days * windowSizes.day) };
      return reads.count('users.active', users, { lastSeen }, maxCounted);
    });
  }

  async function onDay(start: number, fresh: FreshnessOf): Promise<number> {
    const windowStart = new Date(start);
    return remember(`day ${start}`, fresh, async () => {
      const [inTime, lateOnly] = await Promise.all([
        reads.count('counts.day', counts, { size: 'day', windowStart }, maxCounted),
        reads.aggregate<{ users: number }, CountDocument>('counts.lateDay', counts, lateOnlyOn(windowStart)),
      ]);
      return Math.min(maxCounted, inTime + (lateOnly[0]?.users ?? 0));
    });
  }

  return {
    async top(ranking, limit) {
      const field = rankings[ranking];
      const found = await reads.find(
        `users.top.${ranking}`,
        users,
        { [field]: { $gt: 0 } },
        { sort: { [field]: -1, _id: 1 }, limit, projection: { total: 1, rolling: 1, lastSeen: 1 } },
      );
      return found.map((user) => ({
        userId: user._id,
        total: Number(
          field.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], user),
        ),
        lastSeen: user.lastSeen,
      }));
    },

    async active(days, fresh) {
      const today = Math.floor(now() / windowSizes.day) * windowSizes.day;
      const starts = Array.from({ length: days }, (_, index) => today - (days - 1 - index) * windowSizes.day);
      const [daily, weekly, monthly, ...each] = await Promise.all([
        seenIn(1, fresh),
        seenIn(7, fresh),
        seenIn(30, fresh),
        ...starts.map(async (start) => onDay(start, fresh)),
      ]);
      return {
        daily,
        weekly,
        monthly,
        days: starts.map((start, index) => ({
          day: new Date(start).toISOString().slice(0, 10),
          users: each[index] ?? 0,
        })),
      };
    },

    async known() {
      const [all, erased] = await Promise.all([
        reads.estimate('users.estimate', users),
        reads.count('users.erased', users, { deletedAt: { $exists: true } }, maxErased),
      ]);
      return Math.max(0, all - erased);
    },
  };
}

/**
 * Stages that count the users who are in a day by late events alone: they have no count of the day itself.
 */
function lateOnlyOn(windowStart: Date): Document[] {
  const ofDay = { $concat: ['$_id', `|day|${windowStart.toISOString()}`] };
  return [
    { $match: { size: 'late-day', windowStart } },
    { $group: { _id: '$userId' } },
    { $project: { ofDay } },
    { $lookup: { from: collections.counts, localField: 'ofDay', foreignField: '_id', as: 'inTime' } },
    { $match: { 'inTime.size': { $ne: 'day' } } },
    { $count: 'users' },
  ];
}
