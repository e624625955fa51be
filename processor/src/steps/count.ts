// Counts by activity type: how events are added up, for windows and for users.
import type { CountsByType, EnrichedLog, UserActivity, WindowCount, WindowSize } from '@activity/contracts';
import { windowId } from '@activity/contracts';
import type { Windowed } from '@activity/streams';

/** An absolute count, in all and by type. */
export interface Tally {
  total: number;
  byType: CountsByType;
}

/** Nothing counted yet. */
export function emptyTally(): Tally {
  return { total: 0, byType: {} };
}

/** A tally with one more event of a type. */
export function addToTally({ total, byType }: Tally, activityType: string): Tally {
  return { total: total + 1, byType: { ...byType, [activityType]: (byType[activityType] ?? 0) + 1 } };
}

/** The counts record of a window. */
export function windowCount(
  { key, start, end }: Windowed<string>,
  size: WindowSize,
  tally: Tally,
): WindowCount {
  const windowStart = new Date(start).toISOString();
  const windowEnd = new Date(end).toISOString();
  return { _id: windowId(key, size, windowStart), userId: key, size, windowStart, windowEnd, ...tally };
}

/** A user's totals with one more log. */
export function addToUser(
  user: UserActivity | undefined,
  { userId, activityType, timestamp }: EnrichedLog,
): UserActivity {
  const tally = addToTally(user ?? emptyTally(), activityType);
  return {
    _id: userId,
    userId,
    ...tally,
    rolling: user?.rolling ?? { last5m: 0, last1h: 0, last24h: 0 },
    firstSeen: user && user.firstSeen < timestamp ? user.firstSeen : timestamp,
    lastSeen: user && user.lastSeen > timestamp ? user.lastSeen : timestamp,
  };
}
