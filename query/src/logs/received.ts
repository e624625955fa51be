// Logs in the order in which the pipeline received them: each export goes on where the one before has ended,
// and misses nothing that is stored later.
import { maxPartitions, type Freshness } from '@activity/contracts';
import type { Collection } from 'mongodb';
import type { Reads } from '../reads/reads.ts';
import type { LedgerDocument } from '../stats/ledger.ts';
import type { NextSlice } from './export.ts';
import type { LogFilter } from './filter.ts';
import type { LogStore } from './log-store.ts';

/** What was received: the raw records before these offsets, by partition. */
export interface Received {
  /** The id of the raw topic. */
  topic: string;
  offsets: readonly number[];
}

/** What is final, and since when. */
export interface Final extends Received {
  /** Everything that the edge took before is there. */
  asOf: Date;
}

/**
 * Up to where the logs are complete: every raw record before has been processed, and what came of it is
 * stored. Undefined where that is not known.
 */
export function createFinal(
  reads: Reads,
  freshness: Collection<Freshness>,
): () => Promise<Final | undefined> {
  return async function final() {
    const [found] = await reads.find('freshness.find', freshness, { _id: 'logs' }, { limit: 1 });
    if (found === undefined || found.catchingUp || found.asOf === undefined || found.final === undefined)
      return undefined;
    return { topic: found.source.split(' ')[0] ?? '', offsets: found.final, asOf: found.asOf };
  };
}

/**
 * Offsets of each partition: all records before them were received before a time. Records behind them may
 * have been received up to a minute before it, or earlier where the ledger has no entry.
 */
export async function offsetsAt(
  reads: Reads,
  ledger: Collection<LedgerDocument>,
  time: Date,
  partitions: number,
): Promise<number[]> {
  const minute = new Date(Math.floor(time.getTime() / 60_000) * 60_000).toISOString();
  const before = Array.from({ length: partitions }, async (_, partition) => {
    const [entry] = await reads.find(
      'ledger.before',
      ledger,
      { _id: { $gte: `${partition}|`, $lt: `${partition}|${minute}` } },
      { sort: { _id: -1 }, limit: 1 },
    );
    return entry === undefined ? 0 : entry.lastOffset + 1;
  });
  return Promise.all(before);
}

/**
 * Where an export of at most `limit` raw records ends; `more` where that is before everything that is final.
 * Each partition has its share, so that all of them get on.
 */
export function endOf(
  from: readonly number[],
  final: readonly number[],
  limit: number,
): { to: number[]; more: boolean } {
  const waiting = final.map((offset, partition) => Math.max(0, offset - (from[partition] ?? 0)));
  const total = waiting.reduce((sum, count) => sum + count, 0);
  if (total <= limit)
    return { to: final.map((offset, index) => Math.max(offset, from[index] ?? 0)), more: false };
  let left = limit;
  const shares = waiting.map((count) => Math.floor((count * limit) / total));
  for (const share of shares) left -= share;
  const to = shares.map((share, partition) => {
    const rounded = Math.min(left, (waiting[partition] ?? 0) - share);
    left -= rounded;
    return (from[partition] ?? 0) + share + rounded;
  });
  return { to, more: true };
}

/** Numbers of logs, of some partitions of the raw topic. */
export interface NumberRange {
  /** This number included. */
  from: number;
  /** This number excluded. */
  to: number;
  /** Undefined: all. */
  partitions: readonly number[] | undefined;
}

/** The ranges of numbers that cover these offsets, the lowest first. */
export function rangesOf(from: readonly number[], to: readonly number[]): NumberRange[] {
  const bounds = [...new Set(to.flatMap((end, partition) => [from[partition] ?? 0, end]))].toSorted(
    (a, b) => a - b,
  );
  const ranges: NumberRange[] = [];
  for (const [index, start] of bounds.entries()) {
    const end = bounds[index + 1];
    if (end === undefined) break;
    const inside = [...to.keys()].filter(
      (partition) => (from[partition] ?? 0) <= start && end <= (to[partition] ?? 0),
    );
    if (inside.length === 0) continue;
    const partitions = inside.length === to.length ? undefined : inside;
    ranges.push({ from: start * maxPartitions, to: end * maxPartitions, partitions });
  }
  return ranges;
}

/** The slices of what was received between these offsets, by their numbers. */
export function receivedSlices(
  store: LogStore,
  filter: LogFilter,
  from: readonly number[],
  to: readonly number[],
): NextSlice {
  const ranges = rangesOf(from, to);
  return async function next(bounds, see) {
    const [range] = ranges;
    if (range === undefined) return false;
    const { more } = await store.readNumbered(filter, range, bounds, (log) => {
      range.from = log._id + 1;
      return see(log);
    });
    if (!more) ranges.shift();
    return ranges.length > 0;
  };
}
