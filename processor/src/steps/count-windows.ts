// The counts of users' windows. Each log is in its hour and its day exactly once, however late it came:
//
//   log ─▶ its minute, until the grace is over         ─▶ minutes ─┐
//      └─▶ its hour and its day, while their state is kept ─▶ hours, days ─┼─▶ counts, at each commit
//      └─▶ what is later than that, by its window and the day it came ─▶ late counts ─┘
//
// Which of them takes a log goes by its arrival, not by stream time, so that it is the same whenever the raw
// topic is read.
import {
  everyone,
  isoTime,
  lateCountId,
  windowId,
  windowSizes,
  type EnrichedLog,
  type LateSize,
  type Marker,
  type WindowCount,
  type WindowSize,
} from '@activity/contracts';
import type { Processor, ProcessorContext, ProcessorSupplier, WindowStore } from '@activity/streams';
import { arrivals, dayOf } from './arrival.ts';
import { addToTally, emptyTally, type Tally } from './count.ts';
import { originOf, wholeFrom, type Origin } from './origin.ts';
import { peopleStore, type People } from './person.ts';

/** The stores' names: the counts of windows that still take logs by user, and late counts by window. */
export const windowStores: Record<WindowSize, string> = {
  minute: 'counts-by-minute',
  hour: 'counts-by-hour',
  day: 'counts-by-day',
};
export const lateCountsStore = 'late-counts';

/** How long counts are kept in state, in milliseconds. */
export interface CountTimes {
  /** How long after its end a minute takes logs, by stream time. */
  graceMs: number;
  /** How long after their end hours and days do, by arrival. */
  stateMs: number;
}

type Windows = Record<WindowSize, WindowStore<string, Tally>>;

const sizes = Object.keys(windowSizes) as WindowSize[];
/** How long after its end a user's minute has late parts: until counts of minutes leave MongoDB. */
const lateMinutesMs = 2 * windowSizes.day;
const longSizes = ['hour', 'day'] as const;
/** A log that came longer ago is read again, or late by the processor's fault. */
const replayedMs = windowSizes.hour;
/** The least that COUNT_STATE_HOURS can be. */
const leastStateMs = windowSizes.hour;
/** In a late count that cannot be whole: it is not passed on. */
const spoiled = -1;

/**
 * Counts logs by user and window, and passes on those that changed, at each commit; erased ones as markers.
 */
export function countWindows({
  graceMs,
  stateMs,
}: CountTimes): ProcessorSupplier<string, EnrichedLog, string, WindowCount | Marker> {
  return function createCountWindows(): Processor<string, EnrichedLog, string, WindowCount | Marker> {
    let context: ProcessorContext<string, WindowCount | Marker>;
    let windows: Windows;
    let lateCounts: WindowStore<string, Tally>;
    let people: People;
    let origin: () => Origin;
    let arrival: () => number;

    /** State goes a day after it takes nothing more: until then, arrivals may go back. */
    function expire(day: number): void {
      for (const size of longSizes)
        windows[size].expireBefore(day - windowSizes.day - stateMs - windowSizes[size]);
      lateCounts.expireBefore(day - windowSizes.day);
    }

    function countLate(userId: string, size: WindowSize, start: number, at: number, log: EnrichedLog): void {
      const erasedBy = userId === everyone ? -1 : erasedByOf(userId);
      lateCounts.update(lateKey(userId, size, start), dayOf(at), at, (known, mayChange) => {
        if (known?.total === spoiled) return known;
        const counted = known !== undefined && known.lastId > erasedBy ? known : undefined;
        return addToTally(counted, log, mayChange);
      });
    }

    /**
     * A log of a minute that is not whole here, which came before it is known how far time was when it was
     * read first: it may be in the late counts that are stored. Those of its minute and day stay as they are.
     */
    function spoil(userId: string, start: number, at: number): void {
      for (const owner of [userId, everyone]) {
        const tally = { ...emptyTally(), total: spoiled };
        lateCounts.put(lateKey(owner, 'minute', start), tally, dayOf(at), at);
      }
    }

    /**
     * A log that is read long after it came, and is not late, may be in a late count that is stored: of a
     * time when GRACE_MINUTES or COUNT_STATE_HOURS was less. What is not counted there now is deleted; of all
     * users it is 0, so that readers who have added it up see that it changes.
     */
    function clearLate(
      userId: string,
      size: WindowSize,
      start: number,
      at: number,
      { _id }: EnrichedLog,
    ): void {
      if (context.now() - at < replayedMs) return;
      lateCounts.update(lateKey(userId, size, start), dayOf(at), at, (known) => {
        return known ?? { ...emptyTally(), lastId: _id };
      });
    }

    function countMinute(userId: string, timestamp: number, at: number, log: EnrichedLog): void {
      const length = windowSizes.minute;
      const start = Math.floor(timestamp / length) * length;
      if (log.late !== true) {
        windows.minute.update(userId, start, timestamp, (tally, mayChange) =>
          addToTally(tally, log, mayChange),
        );
        const whole = wholeFrom(origin());
        if (start < whole && context.streamTime < whole) spoil(userId, start, at);
        if (start + length <= context.streamTime) {
          for (const owner of [userId, everyone]) clearLate(owner, 'minute', start, at, log);
        }
        return;
      }
      context.late();
      countLate(everyone, 'minute', start, at, log);
      // For hours of time zones that begin between those of UTC:
      // these are made of minutes while there are any.
      if (at < start + length + lateMinutesMs) countLate(userId, 'minute', start, at, log);
    }

    function countLong(
      userId: string,
      size: 'hour' | 'day',
      timestamp: number,
      at: number,
      log: EnrichedLog,
    ): void {
      const length = windowSizes[size];
      const start = Math.floor(timestamp / length) * length;
      if (at >= start + length + stateMs) return countLate(userId, size, start, at, log);
      // The state of these went when nothing was counted late yet: what is stored stays, until a rebuild.
      if (start + length <= origin().countedFrom - graceMs) return;
      windows[size].update(userId, start, timestamp, (tally, mayChange) => addToTally(tally, log, mayChange));
      if (at >= start + length + leastStateMs) clearLate(userId, size, start, at, log);
    }

    function erasedByOf(userId: string): number {
      return people.get(userId)?.erasedBy ?? -1;
    }

    function forwardMarker(_id: string, by: number, timestamp: number): void {
      const marker: Marker = { _id, deletedAt: isoTime(context.now()), by };
      context.forward({ key: _id, value: marker, timestamp, headers: [] });
    }

    function forwardCount(
      _id: string,
      userId: string,
      size: WindowSize | LateSize,
      start: number,
      { total, byType, lastId }: Tally,
      timestamp: number,
    ): void {
      const windowStart = isoTime(start);
      const windowEnd = isoTime(start + windowSizes[size.replace('late-', '') as WindowSize]);
      const value: WindowCount = { _id, userId, size, windowStart, windowEnd, total, byType, lastId };
      context.forward({ key: _id, value, timestamp, headers: [] });
    }

    function forwardWindows(size: WindowSize): void {
      for (const [userId, start, { value: tally, timestamp }] of windows[size].written()) {
        if (!tally) continue;
        const _id = windowId(userId, size, isoTime(start));
        if (tally.total === 0) forwardMarker(_id, tally.lastId, timestamp);
        else if (start >= wholeFrom(origin())) forwardCount(_id, userId, size, start, tally, timestamp);
      }
    }

    function forwardLate(): void {
      for (const [key, day, { value: tally, timestamp }] of lateCounts.written()) {
        const first = origin();
        // Not whole: records that arrived on that day are gone.
        if (!tally || tally.total === spoiled || (first.offset > 0 && day <= first.receivedAt)) continue;
        const { userId, size, start } = readLateKey(key);
        const date = isoTime(day).slice(0, 10);
        const partId = lateCountId(windowId(userId, size, isoTime(start)), date);
        const _id = userId === everyone ? `${partId}|${context.partition}` : partId;
        const erasedBy = userId === everyone ? -1 : erasedByOf(userId);
        if (tally.lastId < erasedBy) forwardMarker(_id, erasedBy, timestamp);
        else if (tally.total === 0 && userId !== everyone) forwardMarker(_id, tally.lastId, timestamp);
        else forwardCount(_id, userId, `late-${size}`, start, tally, timestamp);
      }
    }

    return {
      init(given) {
        context = given;
        windows = {
          minute: given.windowStore(windowStores.minute),
          hour: given.windowStore(windowStores.hour),
          day: given.windowStore(windowStores.day),
        };
        lateCounts = given.windowStore(lateCountsStore);
        people = given.keyValueStore(peopleStore);
        origin = originOf(given);
        arrival = arrivals(given, expire);
        given.onCommit({
          beforeCommit() {
            for (const size of sizes) forwardWindows(size);
            forwardLate();
          },
          afterAbort() {},
        });
      },
      process({ key: userId, value: log, timestamp }) {
        const at = arrival();
        countMinute(userId, timestamp, at, log);
        for (const size of longSizes) countLong(userId, size, timestamp, at, log);
      },
    };
  };
}

/** The key of a late count in its store: the user is last, and may have any text. */
function lateKey(userId: string, size: WindowSize, start: number): string {
  return `${size}|${start}|${userId}`;
}

function readLateKey(key: string): { userId: string; size: WindowSize; start: number } {
  const [size = '', start = ''] = key.split('|', 2);
  return {
    userId: key.slice(size.length + start.length + 2),
    size: size as WindowSize,
    start: Number(start),
  };
}
