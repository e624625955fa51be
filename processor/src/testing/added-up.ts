// Counts as readers add them up: a window is its own count and its late parts; hours and days of all users
// are made of minutes.
import { everyone } from '@activity/contracts';
import type { Expected } from './oracle.ts';

type Sums = Pick<Expected, 'counts' | 'lateMinutes' | 'everyone'>;
type Document = Record<string, unknown>;

/** Adds up the documents of the counts and of the minutes of all users, of the topics or of MongoDB. */
export function addedUp(counts: readonly Document[], minutes: readonly Document[]): Sums {
  const sums: Record<keyof Sums, Map<string, number>> = {
    counts: new Map(),
    lateMinutes: new Map(),
    everyone: new Map(),
  };
  function add(to: keyof Sums, name: string, total: unknown): void {
    sums[to].set(name, (sums[to].get(name) ?? 0) + Number(total));
  }
  function addToEveryone({ windowStart, total }: Document): void {
    const start = isoOf(windowStart);
    add('everyone', `hour|${start.slice(0, 13)}:00:00.000Z`, total);
    add('everyone', `day|${start.slice(0, 10)}T00:00:00.000Z`, total);
  }
  for (const minute of minutes) addToEveryone(minute);
  for (const count of counts) {
    const { userId, windowStart, total } = count;
    const size = String(count['size']);
    const name = [userId, size.replace('late-', ''), isoOf(windowStart)].join('|');
    if (userId === everyone) addToEveryone(count);
    else add(size === 'late-minute' ? 'lateMinutes' : 'counts', name, total);
  }
  return {
    counts: linesOf(sums.counts),
    lateMinutes: linesOf(sums.lateMinutes),
    everyone: linesOf(sums.everyone),
  };
}

function isoOf(time: unknown): string {
  return new Date(time as string | Date).toISOString();
}

function linesOf(sums: ReadonlyMap<string, number>): string[] {
  return [...sums].map(([name, total]) => `${name} ${total}`).toSorted();
}
