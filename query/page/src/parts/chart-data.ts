// What the chart draws and what is said of it.
import type { ByType, Timeline } from '../data/answers.ts';
import { bucketTime, count, counted, dayMonth, hourMinute } from '../text/format.ts';

const lengths = { minute: 60, hour: 3_600, day: 86_400 };

/**
 * Columns for uPlot: beginnings in seconds, totals, and those of one type. One empty bucket more, for the
 * last bar's width.
 */
export function plotData(
  { buckets, interval }: Timeline,
  highlight?: string,
): [number[], number[], (number | null)[]] {
  const starts = buckets.map(({ start }) => Date.parse(start) / 1_000);
  const totals = buckets.map(({ total }) => total);
  const one = buckets.map(({ byType }) => (highlight === undefined ? null : (byType[highlight] ?? 0)));
  const end = (starts.at(-1) ?? 0) + lengths[interval];
  return [
    [...starts, end],
    [...totals, 0],
    [...one, null],
  ];
}

/** The text below a place of the time axis; none at its very end, where there is no room for it. */
export function axisText(seconds: number, { interval, buckets }: Timeline): string {
  const at = seconds * 1_000;
  const first = Date.parse(buckets[0]?.start ?? '');
  const last = Date.parse(buckets.at(-1)?.start ?? '');
  if (buckets.length > 1 && at > last) return '';
  return interval === 'day' || last - first > 2 * 86_400_000 ? dayMonth(at) : hourMinute(at);
}

/** Which bucket a place of the time axis is in; undefined outside of all. */
export function bucketAt(seconds: number, { interval, buckets }: Timeline): number | undefined {
  const at = seconds * 1_000;
  const index = buckets.findLastIndex(({ start }) => Date.parse(start) <= at);
  const inside =
    index >= 0 &&
    (index < buckets.length - 1 || at < Date.parse(buckets[index]?.start ?? '') + lengths[interval] * 1_000);
  return inside ? index : undefined;
}

/** A type's part of all events. */
export interface TypeShare {
  activityType: string;
  total: number;
  /** From 0 to 1. */
  share: number;
}

/** The types of all buckets together, the most frequent first. */
export function sharesOf({ buckets }: Timeline): TypeShare[] {
  const sums: ByType = {};
  for (const { byType } of buckets) {
    for (const [type, total] of Object.entries(byType)) sums[type] = (sums[type] ?? 0) + total;
  }
  const all = Object.values(sums).reduce((sum, one) => sum + one, 0);
  return typesOf(sums).map(([activityType, total]) => ({ activityType, total, share: total / all }));
}

/** The types of a bucket, the most frequent first, but a highlighted one before all. */
export function typesOf(byType: ByType, highlight?: string): [type: string, total: number][] {
  const sorted = Object.entries(byType).toSorted(([, a], [, b]) => b - a);
  if (highlight === undefined) return sorted;
  return [[highlight, byType[highlight] ?? 0], ...sorted.filter(([type]) => type !== highlight)];
}

/** The chart in a sentence. */
export function summaryOf({ buckets, interval }: Timeline, highlight?: string): string {
  const total = buckets.reduce((sum, bucket) => sum + bucket.total, 0);
  if (total === 0) return 'No events in this time';
  const most = buckets.reduce((best, bucket) => (bucket.total > best.total ? bucket : best));
  const peak = `most in ${bucketTime(most.start, interval)}: ${count(most.total)}`;
  const one = buckets.reduce((sum, { byType }) => sum + (byType[highlight ?? ''] ?? 0), 0);
  return `${counted(total, 'event')}${highlight === undefined ? '' : `, ${count(one)} of them ${highlight}`}; ${peak}`;
}
