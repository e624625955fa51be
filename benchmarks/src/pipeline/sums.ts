// What must be stored in the end, by the sender's own sums; and how it differs from what was found.
import { everyone, windowSizes } from '@activity/contracts';
import type { PipelineEvent } from './events.ts';

/** Everything that comes of some events: one line of text for each fact, by its name. */
export interface Sums {
  /** By event id. */
  logs: Map<string, string>;
  /** By user, size, start and activity type. */
  windows: Map<string, string>;
  /** Totals by user; and by user and activity type. */
  users: Map<string, string>;
  /** Of everybody: by minute and activity type. */
  everyone: Map<string, string>;
}

const sizes = Object.entries(windowSizes);

/** The name of a window's count of one activity type. */
export function windowName(userId: string, size: string, start: Date, activityType: string): string {
  return [userId, size, start.toISOString(), activityType].join('|');
}

/** What a log says. */
export function logLine(userId: unknown, activityType: unknown, timestamp: Date): string {
  return [userId, activityType, timestamp.toISOString()].join('|');
}

/** What a user's totals say. */
export function userLine(total: number, firstSeen: Date, lastSeen: Date): string {
  return [total, firstSeen.toISOString(), lastSeen.toISOString()].join('|');
}

/** Works out what must be stored of these events, each of which was sent once. */
export function sumsOf(events: Iterable<PipelineEvent>): Sums {
  const logs = new Map<string, string>();
  const windows = new Map<string, number>();
  const byType = new Map<string, number>();
  const all = new Map<string, number>();
  const seen = new Map<string, { total: number; first: number; last: number }>();
  for (const { eventId, userId, activityType, timestamp } of events) {
    const time = Date.parse(timestamp);
    logs.set(eventId, logLine(userId, activityType, new Date(time)));
    for (const [size, ms] of sizes) {
      const start = new Date(Math.floor(time / ms) * ms);
      add(windows, windowName(userId, size, start, activityType));
      if (size === 'minute') add(all, windowName(everyone, size, start, activityType));
    }
    add(byType, `${userId}|${activityType}`);
    const user = seen.get(userId);
    seen.set(userId, {
      total: (user?.total ?? 0) + 1,
      first: Math.min(user?.first ?? time, time),
      last: Math.max(user?.last ?? time, time),
    });
  }
  const users = linesOf(byType);
  for (const [userId, { total, first, last }] of seen)
    users.set(userId, userLine(total, new Date(first), new Date(last)));
  return { logs, windows: linesOf(windows), users, everyone: linesOf(all) };
}

function add(sums: Map<string, number>, name: string): void {
  sums.set(name, (sums.get(name) ?? 0) + 1);
}

function linesOf(sums: ReadonlyMap<string, number>): Map<string, string> {
  return new Map([...sums].map(([name, sum]) => [name, String(sum)]));
}

/** How what was found differs from what was expected: one line, with the first differences; or none. */
export function differences(
  what: string,
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const lines: string[] = [];
  for (const [name, line] of expected) {
    const other = found.get(name);
    if (other !== line) lines.push(`${name} is ${other ?? 'missing'}, not ${line}`);
  }
  for (const [name, line] of found) if (!expected.has(name)) lines.push(`${name} (${line}) was not expected`);
  return lines.length === 0
    ? []
    : [`${what}: ${lines.length} of ${expected.size} differ: ${lines.slice(0, 3).join('; ')}`];
}
