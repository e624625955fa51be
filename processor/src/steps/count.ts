// Counts by activity type: how logs are added up, for windows and for users.
import {
  typeKey,
  type CountsByType,
  type EnrichedLog,
  type Marker,
  type UserActivity,
} from '@activity/contracts';
import type { Serde } from '@activity/streams';

/**
 * An absolute count, in all and by type, and the newest log in it. A total of 0 is what an erasure leaves.
 */
export interface Tally {
  total: number;
  byType: CountsByType;
  lastId: number;
}

/** Counts by type as JSON, written when a commit begins. */
export const countsByTypeSerde: Serde<CountsByType> = {
  format: 'text',
  textLength: 100,
  serialize: (counts) => JSON.stringify(counts),
  deserialize: (text) => JSON.parse(text) as CountsByType,
};

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

/** Counts with one more event of a type: those that are given where they may be changed. */
export function withOneMore(
  byType: CountsByType | undefined,
  activityType: string,
  mayChange: boolean,
): CountsByType {
  const counts = byType && mayChange ? byType : { ...byType };
  const key = typeKey(activityType);
  counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** A tally with one more log: the tally that is given where it may be changed. */
export function addToTally(
  tally: Tally | undefined,
  { activityType, _id }: EnrichedLog,
  mayChange: boolean,
): Tally {
  const byType = withOneMore(tally?.byType, activityType, mayChange);
  if (!tally || !mayChange) return { total: (tally?.total ?? 0) + 1, byType, lastId: _id };
  tally.total++;
  tally.lastId = _id;
  return tally;
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

/**
 * A user's totals with one more log: the record that is given where it may be changed, and where the log is
 * in the totals already.
 */
export function addToUser(user: UserRecord | undefined, log: EnrichedLog, mayChange: boolean): UserRecord {
  const { _id, userId, activityType, timestamp } = log;
  if (user === undefined || 'deletedAt' in user) {
    if (lastIdOf(user) >= _id) return user as Marker;
    const once = { total: 1, byType: { [typeKey(activityType)]: 1 }, rolling: noRolling };
    return { _id: userId, userId, ...once, firstSeen: timestamp, lastSeen: timestamp, lastId: _id };
  }
  if (user.lastId >= _id) return user;
  const byType = withOneMore(user.byType, activityType, mayChange);
  const counted = mayChange ? user : { ...user, byType };
  counted.total++;
  if (timestamp < counted.firstSeen) counted.firstSeen = timestamp;
  if (timestamp > counted.lastSeen) counted.lastSeen = timestamp;
  counted.lastId = _id;
  return counted;
}

/** A user's record with other rolling counts: the record that is given where it may be changed. */
export function withRolling(
  user: UserActivity,
  rolling: UserActivity['rolling'],
  mayChange: boolean,
): UserActivity {
  if (!mayChange) return { ...user, rolling };
  user.rolling = rolling;
  return user;
}
