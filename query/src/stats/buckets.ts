// The buckets of a timeline: minutes, hours or days of a time zone.
import { namedCounts, windowSizes } from '@activity/contracts';
import type { CountsByType, WindowSize } from '@activity/contracts';
import { LRUCache } from 'lru-cache';
import { Temporal } from 'temporal-polyfill';
import { refused } from '../http/parameters.ts';

/** A timeline's range, as it was asked for. */
export interface TimelineQuery {
  interval: WindowSize;
  from?: Date | undefined;
  to?: Date | undefined;
  tz: string;
}

/** The most buckets of one answer. */
const maxBuckets = 1_500;

/** How long a timeline is whose beginning was not given, in milliseconds. */
const usualRange: Record<WindowSize, number> = {
  minute: 60 * windowSizes.minute,
  hour: 24 * windowSizes.hour,
  day: 30 * windowSizes.day,
};

/** Where each bucket begins, in epoch milliseconds, and where the last one ends. */
export interface Buckets {
  starts: number[];
  end: number;
}

/**
 * The buckets that a range touches: the first one begins at `from` or before,
 * the last one ends at `to` or later.
 * @throws FailureError where there are none or too many.
 */
export function bucketsOf({ interval, from, to, tz }: TimelineQuery, now: number): Buckets {
  const end = to?.getTime() ?? now + 1;
  const begin = from?.getTime() ?? Math.max(0, end - usualRange[interval]);
  if (begin >= end) throw refused('from', 'must lie before to');
  const longest = Math.min(maxBuckets * windowSizes[interval], maxDays * windowSizes.day);
  if (end - begin > longest) {
    throw refused('from', `must not lie more than ${longest / windowSizes[interval]} ${interval}s before to`);
  }
  const starts: number[] = [];
  let at = floor(begin, interval, tz);
  while (at < end) {
    starts.push(at);
    at = next(at, interval, tz);
  }
  return { starts, end: at };
}

/** The longest time that is added up, in days. */
const maxDays = 400;

/**
 * A time in whole minutes, the last 24 hours unless given.
 * @throws FailureError where it is none, or too long.
 */
export function minuteRange(range: AskedRange, now: number): { from: number; to: number } {
  const { minute } = windowSizes;
  const end = range.to === undefined ? floor(now, 'minute', 'UTC') + minute : range.to.getTime();
  return checkedRange(range, floor(end, 'minute', 'UTC'), 'minute');
}

/**
 * A time in whole hours of UTC: those that it touches.
 * @throws FailureError where it is none, or too long.
 */
export function hourRange(range: AskedRange, now: number): { from: number; to: number } {
  const { hour } = windowSizes;
  return checkedRange(range, Math.ceil((range.to?.getTime() ?? now + 1) / hour) * hour, 'hour');
}

/** A time as it was asked for. */
interface AskedRange {
  from?: Date | undefined;
  to?: Date | undefined;
}

function checkedRange(
  { from }: AskedRange,
  end: number,
  size: 'minute' | 'hour',
): { from: number; to: number } {
  const { day } = windowSizes;
  const begin = from === undefined ? Math.max(0, end - day) : floor(from.getTime(), size, 'UTC');
  if (begin >= end)
    throw refused('from', `must lie ${size === 'hour' ? 'an' : 'a'} ${size} or more before to`);
  if (end - begin > maxDays * day) throw refused('from', `must not lie more than ${maxDays} days before to`);
  return { from: begin, to: end };
}

function local(time: number, tz: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(tz);
}

function floor(time: number, interval: WindowSize, tz: string): number {
  const size = windowSizes[interval];
  if (tz === 'UTC' || interval === 'minute') return Math.floor(time / size) * size;
  if (interval === 'day') return local(time, tz).startOfDay().epochMilliseconds;
  return local(time, tz).round({ smallestUnit: 'hour', roundingMode: 'floor' }).epochMilliseconds;
}

/** When the day after a day begins, by zone and the day's own beginning: to work it out takes 0.1 ms. */
const nextDays = new LRUCache<string, number>({ max: 20_000 });

/** Days differ in length where clocks are changed. */
function next(time: number, interval: WindowSize, tz: string): number {
  if (tz === 'UTC' || interval !== 'day') return time + windowSizes[interval];
  const day = `${tz}|${time}`;
  let found = nextDays.get(day);
  if (found === undefined) {
    found = local(time, tz).add({ days: 1 }).startOfDay().epochMilliseconds;
    nextDays.set(day, found);
  }
  return found;
}

/** The counts of some time that is within one bucket. */
export interface Cell {
  /** Epoch milliseconds. */
  start: number;
  total: number;
  byType: CountsByType;
}

/** One bucket of an answer. */
export interface Bucket {
  start: string;
  total: number;
  byType: CountsByType;
}

/** Adds counts to counts. */
export function addCounts(
  sum: { total: number; byType: CountsByType },
  { total, byType }: Omit<Cell, 'start'>,
): void {
  sum.total += total;
  for (const [type, count] of Object.entries(byType)) sum.byType[type] = (sum.byType[type] ?? 0) + count;
}

/** Fills buckets with cells, which come in the order of time; a bucket that nothing falls into has 0. */
export function filled({ starts, end }: Buckets, cells: readonly Cell[]): Bucket[] {
  let at = 0;
  return starts.map((start, index) => {
    const until = starts[index + 1] ?? end;
    const sum = { start: new Date(start).toISOString(), total: 0, byType: namedCounts({}) };
    for (let cell = cells[at]; cell !== undefined && cell.start < until; cell = cells[++at]) {
      if (cell.start >= start) addCounts(sum, cell);
    }
    return sum;
  });
}
