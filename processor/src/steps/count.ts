// Counts by activity type: how logs are added up, for windows and for users.
import {
  isoTime,
  windowId,
  windowSizes,
  type CountsByType,
  type EnrichedLog,
  type Marker,
  type UserActivity,
  type WindowCount,
  type WindowSize,
} from '@activity/contracts';
import type { Processor, ProcessorContext, ProcessorSupplier, Windowed } from '@activity/streams';
import { originOf, wholeFrom, type Origin } from './origin.ts';

/** An absolute count, in all and by type, and the newest log in it. A total of 0 is what an erasure leaves. */
export interface Tally {
  readonly total: number;
  readonly byType: CountsByType;
  readonly lastId: number;
}

/** Nothing counted yet. */
export function emptyTally(): Tally {
  return { total: 0, byType: {}, lastId: -1 };
}

/** Counts with one more event of a type. */
export function withOneMore(byType: CountsByType, activityType: string): CountsByType {
  return { ...byType, [activityType]: (byType[activityType] ?? 0) + 1 };
}

/** A tally with one more log. */
export function addToTally({ total, byType }: Tally, { activityType, _id }: EnrichedLog): Tally {
  return { total: total + 1, byType: withOneMore(byType, activityType), lastId: _id };
}

/** The counts record of a window. */
function windowCount({ key, start }: Windowed<string>, size: WindowSize, tally: Tally): WindowCount {
  const windowStart = isoTime(start);
  return {
    _id: windowId(key, size, windowStart),
    userId: key,
    size,
    windowStart,
    windowEnd: isoTime(start + windowSizes[size]),
    total: tally.total,
    byType: tally.byType,
    lastId: tally.lastId,
  };
}

/**
 * Passes on the windows of one size as the counts topic has them; erased ones as markers. What began before this application's
 * first record is not whole here, and stays as it is wherever it is stored.
 */
export function toCounts(
  size: WindowSize,
): ProcessorSupplier<Windowed<string>, Tally | undefined, string, WindowCount | Marker> {
  return function createToCounts(): Processor<
    Windowed<string>,
    Tally | undefined,
    string,
    WindowCount | Marker
  > {
    let context: ProcessorContext<string, WindowCount | Marker>;
    let origin: () => Origin;
    return {
      init(given) {
        context = given;
        origin = originOf(given);
      },
      process({ key: window, value: tally, timestamp, headers }) {
        if (!tally) return;
        if (tally.total === 0) {
          const _id = windowId(window.key, size, isoTime(window.start));
          const marker: Marker = { _id, deletedAt: isoTime(context.now()), by: tally.lastId };
          context.forward({ key: _id, value: marker, timestamp, headers });
        } else if (window.start >= wholeFrom(origin())) {
          const count = windowCount(window, size, tally);
          context.forward({ key: count._id, value: count, timestamp, headers });
        }
      },
    };
  };
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
