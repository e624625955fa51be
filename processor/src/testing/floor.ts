// The floor of `bench:activity`: what the topology makes of events, as a bare loop with its state in Maps.
// It decodes, drops duplicates, enriches, counts and encodes, by the topology's own steps. It keeps nothing
// on disk and no changelog, takes no commands, and leaves out late counts, the ledger, the minutes of
// everybody, and rolling counts that fall again while a user does nothing.
import {
  isoTime,
  logId,
  windowId,
  windowSizes,
  type EnrichedLog,
  type UserActivity,
  type WindowCount,
  type WindowSize,
} from '@activity/contracts';
import { deserialize } from '@activity/kafka/core';
import { eventTime, incomingSerde, type IncomingEvent } from '../incoming.ts';
import { addToTally, addToUser, emptyTally, type Tally } from '../steps/count.ts';
import { enrichSteps } from '../steps/enrich/steps.ts';
import type { Person } from '../steps/person.ts';
import { Sessions, type NewestStore, type Session } from '../steps/sessions.ts';

/** A raw record. */
export interface FloorInput {
  key: string;
  value: Buffer;
  partition: number;
  offset: number;
  timestamp: number;
}

/** A record that it writes; to the partition of what it came from. */
export interface FloorOutput {
  topic: 'enriched' | 'counts' | 'users';
  partition: number;
  key: string;
  value: string;
}

/** The loop's body. */
export interface Floor {
  /** Processes an event. Returns its log; undefined for a duplicate. @throws Error where it is no event */
  process: (record: FloorInput) => FloorOutput | undefined;
  /** Returns the windows and the users that have changed since the last call. */
  flush: () => FloorOutput[];
}

interface Window {
  userId: string;
  size: WindowSize;
  start: number;
  partition: number;
  tally: Tally;
}

interface User {
  partition: number;
  activity: UserActivity;
  /** The times of the events of the last day. */
  times: number[];
}

const rollingMs = { last5m: 300_000, last1h: 3_600_000, last24h: 86_400_000 };
const sizes = Object.keys(windowSizes) as WindowSize[];

/** Sessions, of which those that are merged are written by nobody. */
function sessionsInMaps(): Sessions {
  const people = new Map<string, Person>();
  const newest: NewestStore = {
    update(userId, timestamp, next) {
      const value = next(people.get(userId), false);
      people.set(userId, value);
      return { value, timestamp };
    },
  };
  const earlier = new Map<string, readonly Session[]>();
  return new Sessions(
    newest,
    {
      get: (key) => earlier.get(key),
      put: (key, sessions) => void earlier.set(key, sessions),
      delete: (key) => void earlier.delete(key),
    },
    () => {},
  );
}

/** Opens a loop without state. `now` is the time that logs are created at. */
export function openFloor({ dedupeMs, now }: { dedupeMs: number; now: () => number }): Floor {
  const serde = incomingSerde(262_144);
  const steps = enrichSteps({
    off: [],
    geoDatabase: undefined,
    privacy: { ip: 'keep', dropFields: [], hashFields: [], hashKey: '' },
  });
  const seen = new Map<string, number>();
  const sessions = sessionsInMaps();
  const windows = new Map<string, Window>();
  const users = new Map<string, User>();
  const changedWindows = new Set<Window>();
  const changedUsers = new Set<User>();

  function logOf({ event, time, receivedAt }: IncomingEvent, { partition, offset }: FloorInput): EnrichedLog {
    const { eventId, userId, activityType, metadata } = event;
    const _id = logId(partition, offset);
    const log: EnrichedLog = {
      _id,
      eventId,
      userId,
      activityType,
      metadata,
      timestamp: isoTime(time),
      receivedAt: isoTime(receivedAt),
      createdAt: isoTime(now()),
      session: sessions.add(userId, _id, time),
    };
    for (const { step } of steps) step(log);
    return log;
  }

  function countWindows(log: EnrichedLog, time: number, partition: number): void {
    const { userId } = log;
    for (const size of sizes) {
      const start = Math.floor(time / windowSizes[size]) * windowSizes[size];
      const key = `${start}|${size}|${userId}`;
      const window = windows.get(key) ?? { userId, size, start, partition, tally: emptyTally() };
      window.tally = addToTally(window.tally, log, true);
      windows.set(key, window);
      changedWindows.add(window);
    }
  }

  function countUser(log: EnrichedLog, time: number, partition: number): void {
    const known = users.get(log.userId);
    const activity = addToUser(known?.activity, log, true) as UserActivity;
    const user = known ?? { partition, activity, times: [] };
    user.activity = activity;
    user.times.push(time);
    users.set(log.userId, user);
    changedUsers.add(user);
  }

  function windowOutput({ userId, size, start, partition, tally }: Window): FloorOutput {
    const windowStart = isoTime(start);
    const _id = windowId(userId, size, windowStart);
    const windowEnd = isoTime(start + windowSizes[size]);
    const count: WindowCount = { _id, userId, size, windowStart, windowEnd, ...tally };
    return { topic: 'counts', partition, key: _id, value: JSON.stringify(count) };
  }

  function userOutput(user: User): FloorOutput {
    const newest = Math.max(...user.times);
    user.times = user.times.filter((time) => time > newest - rollingMs.last24h);
    const within = (length: number): number => user.times.filter((time) => time > newest - length).length;
    const rolling = {
      last5m: within(rollingMs.last5m),
      last1h: within(rollingMs.last1h),
      last24h: user.times.length,
    };
    const { activity, partition } = user;
    const value = JSON.stringify({ ...activity, rolling });
    return { topic: 'users', partition, key: activity.userId, value };
  }

  return {
    process(record) {
      const incoming = deserialize(serde, record.value);
      const time = eventTime(incoming, record);
      if (incoming.kind !== 'event') throw new Error(`the floor takes events, not ${incoming.kind} records`);
      const id = `${incoming.event.eventId}|${record.key}`;
      const first = seen.get(id);
      if (first !== undefined && record.timestamp - first <= dedupeMs) return undefined;
      seen.set(id, record.timestamp);
      const log = logOf(incoming, record);
      const { partition } = record;
      countWindows(log, time, partition);
      countUser(log, time, partition);
      return { topic: 'enriched', partition, key: log.userId, value: JSON.stringify(log) };
    },
    flush() {
      const outputs = [...[...changedWindows].map(windowOutput), ...[...changedUsers].map(userOutput)];
      changedWindows.clear();
      changedUsers.clear();
      return outputs;
    },
  };
}
