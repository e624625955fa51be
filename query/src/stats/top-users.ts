// The busiest users of any time, added up from their counts of hours and days.
import { everyone, sizesOf, windowSizes, type WindowSize } from '@activity/contracts';
import type { Collection, Document } from 'mongodb';
import type { Reads } from '../reads/reads.ts';
import type { RankedUser } from './user-stats.ts';
import type { UserDocument } from './user-store.ts';
import type { CountDocument } from './user-timeline.ts';

/** What the ranking is read from. */
export interface TopUsersOptions {
  reads: Reads;
  users: Collection<UserDocument>;
  counts: Collection<CountDocument>;
}

/** Ranks the users of a time that begins and ends with an hour of UTC, in epoch milliseconds. */
export type TopUsers = (from: number, to: number, limit: number) => Promise<RankedUser[]>;

/** Makes what ranks them. */
export function createTopUsers({ reads, users, counts }: TopUsersOptions): TopUsers {
  return async function topUsers(from, to, limit) {
    const ranked = await reads.aggregate<{ _id: string; total: unknown }, CountDocument>(
      'counts.topUsers',
      counts,
      pipelineOf(from, to, limit),
    );
    const ids = ranked.map(({ _id }) => _id);
    const seen = await reads.find(
      'users.lastSeen',
      users,
      { _id: { $in: ids } },
      { limit, projection: { lastSeen: 1 } },
    );
    const lastSeen = new Map(seen.map((user) => [user._id, user.lastSeen]));
    return ranked.map(({ _id, total }) => ({
      userId: _id,
      total: Number(total),
      lastSeen: lastSeen.get(_id),
    }));
  };
}

/** Whole days by the counts of days, both ends by the counts of hours: each event is in one of them. */
function pipelineOf(from: number, to: number, limit: number): Document[] {
  const { day } = windowSizes;
  const firstDay = Math.ceil(from / day) * day;
  const endOfDays = Math.max(firstDay, Math.floor(to / day) * day);
  // One clause for each size: an index of one size alone serves no query for several.
  const within = (window: WindowSize, start: number, end: number): Document[] =>
    start >= end
      ? []
      : sizesOf(window).map((size) => ({
          size,
          windowStart: { $gte: new Date(start), $lt: new Date(end) },
        }));
  const parts =
    firstDay >= to
      ? within('hour', from, to)
      : [
          ...within('hour', from, firstDay),
          ...within('day', firstDay, endOfDays),
          ...within('hour', endOfDays, to),
        ];
  return [
    // The parts of all users are no user's.
    { $match: { $or: parts, userId: { $ne: everyone } } },
    { $group: { _id: '$userId', total: { $sum: '$total' } } },
    { $sort: { total: -1, _id: 1 } },
    { $limit: limit },
  ];
}
