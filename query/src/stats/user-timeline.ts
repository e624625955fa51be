// A user's timeline, made of the counts of windows and of their late parts.
import { namedCounts, sizesOf, windowSizes } from '@activity/contracts';
import type { CountsByType, LateSize, WindowSize } from '@activity/contracts';
import type { Collection, Document } from 'mongodb';
import { refused } from '../http/parameters.ts';
import type { Reads } from '../reads/reads.ts';
import { bucketsOf, filled } from './buckets.ts';
import type { Bucket, Buckets, TimelineQuery } from './buckets.ts';

/** A window's count as the sink stores it. */
export interface CountDocument {
  _id: string;
  userId: string;
  size: WindowSize | LateSize;
  windowStart: Date;
  total: number;
  byType: CountsByType;
}

/** The counts of one window: its own, and its late parts. */
interface WindowParts extends Document {
  _id: Date;
  parts: { total: number; byType: CountsByType }[];
}

/** A timeline. */
export interface Timeline {
  buckets: Bucket[];
  /** The windows that it was added up from. */
  madeOf: WindowSize;
  /**
   * False where these windows lie across the borders of the buckets, and count for the bucket they begin in.
   */
  aligned: boolean;
}

const maxWindows = 5_000;
/** Minutes expire from MongoDB long before hours do. */
const minutesKeptMs = 2 * windowSizes.day;

/** Makes what reads timelines. */
export function createUserTimeline(
  reads: Reads,
  counts: Collection<CountDocument>,
  now: () => number,
): (userId: string, query: TimelineQuery) => Promise<Timeline> {
  return async function userTimeline(userId, query) {
    const buckets = bucketsOf(query, now());
    const { size, aligned } = sizeFor(query.interval, buckets, now());
    const [begin = 0] = buckets.starts;
    const first = Math.floor(begin / windowSizes[size]) * windowSizes[size];
    if ((buckets.end - first) / windowSizes[size] > maxWindows) {
      const message = `must lie nearer to \`to\`: in this time zone the answer would be made of more than ${maxWindows} counts`;
      throw refused('from', message);
    }
    const found = await reads.aggregate<WindowParts, CountDocument>('counts.ofUser', counts, [
      {
        $match: {
          userId,
          // A minute takes what came within its grace; hours and days that are made of minutes take all.
          size: query.interval === 'minute' ? size : { $in: sizesOf(size) },
          windowStart: { $gte: new Date(begin), $lt: new Date(buckets.end) },
        },
      },
      { $group: { _id: '$windowStart', parts: { $push: { total: '$total', byType: '$byType' } } } },
      { $sort: { _id: 1 } },
    ]);
    const cells = found.flatMap(({ _id, parts }) =>
      parts.map(({ total, byType }) => ({ start: _id.getTime(), total, byType: namedCounts(byType) })),
    );
    return { buckets: filled(buckets, cells), madeOf: size, aligned };
  };
}

/** The largest windows that fit into the buckets. */
function sizeFor(
  interval: WindowSize,
  { starts, end }: Buckets,
  now: number,
): { size: WindowSize; aligned: boolean } {
  const sizes = (['day', 'hour', 'minute'] as const).filter(
    (size) => windowSizes[size] <= windowSizes[interval],
  );
  const size =
    sizes.find((one) => [...starts, end].every((time) => time % windowSizes[one] === 0)) ?? 'minute';
  // Zones whose hours are not those of UTC need minutes, which are gone for what is longer ago.
  if (size === 'minute' && interval !== 'minute' && (starts[0] ?? 0) < now - minutesKeptMs) {
    return { size: 'hour', aligned: false };
  }
  return { size, aligned: true };
}
