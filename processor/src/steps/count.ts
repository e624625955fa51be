// Counts by activity type: how logs are added up, for windows and for users.
import type { CountsByType, EnrichedLog, Marker, UserActivity } from '@activity/contracts';
import type { Serde } from '@activity/streams';

/**
 * An absolute count, in all and by type, and the newest log in it. A total of 0 is what an erasure leaves.
 */
export interface Tally {
  readonly total: number;
  readonly byType: CountsByType;
  readonly lastId: number;
}

/** Tallies as JSON, written when a commit begins. */
export const tallySerde: Serde<Tally> = {
  format: 'text',
  textLength: 120,
  serialize: (tally) => JSON.stringify(tally),
  deserialize: (text) => JSON.parse(text) as Tally,
};

/** Nothing counted yet. */
export function emptyTally(): Tally {
  return { total: 0, byType: {}, lastId: -1 };
}

/** Counts with one more event of a type. */
export function withOneMore(byType: CountsByType, activityType: string): CountsByType {
  const counts = { ...byType };
  counts[activityType] = (counts[activityType] ?? 0) + 1;
  return counts;
}

/** A tally with one more log. */
export function addToTally({ total, byType }: Tally, { activityType, _id }: EnrichedLog): Tally {
  return { total: total + 1, byType: withOneMore(byType, activityType), lastId: _id };
}

/** A user's record: what is known, or what an erasure has left of it. */
export type UserRecord = UserActivity | Marker;

/** The command or log that a user's record goes back to; -1 for none. */
function lastIdOf(user: UserRecord | undefined): number {
  if (user === undefined) return -1;
  return 'deletedAt' in user ? user.by : user.lastId;
}

/** The command whose erasure is all that is left of a user; -1 where there is more, or nothing. */
export function erasedByMarker(user: UserRecord | undefined): number {
  return user !== undefined && 'deletedAt' in user ? user.by : -1;
}

const noRolling = { last5m: 0, last1h: 0, last24h: 0 };

/** A user's totals with one more log; as they are where the log is in them already. */
export function addToUser(user: UserRecord | undefined, log: EnrichedLog): UserRecord {
  const { _id, userId, activityType, timestamp } = log;
  if (user !== undefined && lastIdOf(user) >= _id) return user;
  const known = user === undefined || 'deletedAt' in user ? undefined : user;
  return {
    _id: userId,
    userId,
    total: (known?.total ?? 0) + 1,
    byType: withOneMore(known?.byType ?? {}, activityType),
    rolling: known?.rolling ?? noRolling,
    firstSeen: known && known.firstSeen < timestamp ? known.firstSeen : timestamp,
    lastSeen: known && known.lastSeen > timestamp ? known.lastSeen : timestamp,
    lastId: _id,
  };
}
