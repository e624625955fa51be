// Counts of all users over time: minutes as they are stored, and quarters of hours and days that are added up once and remembered.
// What came after its minute had closed is in no minute: it is counted apart, and is in all sums of minutes.
import { collections, everyone, windowSizes } from '@activity/contracts';
import type { CountsByType } from '@activity/contracts';
import { LRUCache } from 'lru-cache';
import type { Collection, Document } from 'mongodb';
import type { Reads } from '../reads/reads.ts';
import { addCounts } from './buckets.ts';
import type { Cell } from './buckets.ts';

/** The count of a minute as the sink stores it. */
export interface GlobalCountDocument {
  _id: string;
  size: 'minute';
  windowStart: Date;
  total: number;
  byType: CountsByType;
}

/** Reads counts of all users. */
export interface Rollups {
  /** The counts from a minute on, up to a minute, late ones too, each within one quarter of an hour, in order. */
  cells: (from: number, to: number) => Promise<Cell[]>;
  /** The counts of single minutes, without what came late. */
  minutes: (from: number, to: number) => Promise<Cell[]>;
  /** All counts of a time in one, late ones too. */
  sum: (from: number, to: number) => Promise<Omit<Cell, 'start'>>;
}

const { day: dayMs } = windowSizes;
const quarterMs = 15 * windowSizes.minute;
/** Until then a minute may still change: late events, and what the sink has not stored yet. */
const openMs = windowSizes.hour;
/** How long a quarter is remembered before it is read again, for what changes after all (a rebuild), in milliseconds. */
const rememberedMs = 10 * windowSizes.minute;
const maxRemembered = 50_000;
const maxDays = 500;
/** The quarters of one read. */
const chunk = 7 * 96;
const maxMinutes = 1_600;

/** Makes what reads them. */
export function createRollups(
  reads: Reads,
  globalCounts: Collection<GlobalCountDocument>,
  now: () => number,
): Rollups {
  const known = new LRUCache<number, Omit<Cell, 'start'>>({
    max: maxRemembered,
    ttl: rememberedMs,
    allowStale: true,
    noDeleteOnStaleGet: true,
  });
  const days = new LRUCache<number, Omit<Cell, 'start'>>({ max: maxDays, ttl: rememberedMs });
  const refreshing = new Set<number>();
  let turns: Promise<void> = Promise.resolve();

  async function minutes(from: number, to: number): Promise<Cell[]> {
    if (from >= to) return [];
    const found = await reads.find(
      'globalCounts.minutes',
      globalCounts,
      { size: 'minute', windowStart: { $gte: new Date(from), $lt: new Date(to) } },
      {
        sort: { windowStart: 1 },
        limit: maxMinutes,
        projection: { _id: 0, windowStart: 1, total: 1, byType: 1 },
      },
    );
    return found.map(cellOf);
  }

  /** The counts of minutes, and what came late to them. */
  async function all(from: number, to: number): Promise<Cell[]> {
    if (from >= to) return [];
    const found = await reads.aggregate<GlobalCountDocument, GlobalCountDocument>(
      'globalCounts.all',
      globalCounts,
      [
        ...countsBetween(from, to),
        { $project: { _id: 0, windowStart: 1, total: 1, byType: 1 } },
        { $sort: { windowStart: 1 } },
      ],
    );
    return found.map(cellOf);
  }

  /** Reads quarters that follow each other. */
  async function load(first: number, last: number): Promise<void> {
    const rows = await reads.aggregate<Document, GlobalCountDocument>(
      'globalCounts.quarters',
      globalCounts,
      pipelineOf(first, last + quarterMs),
    );
    for (let quarter = first; quarter <= last; quarter += quarterMs) {
      known.set(quarter, { total: 0, byType: {} });
      days.delete(quarter - (quarter % dayMs));
    }
    for (const { _id, count } of rows) {
      const { quarter, type } = _id as { quarter: Date; type: string };
      const sum = known.get(quarter.getTime());
      if (sum) addCounts(sum, { total: Number(count), byType: { [type]: Number(count) } });
    }
  }

  async function loadAll(wanted: readonly number[]): Promise<void> {
    const runs: [number, number][] = [];
    for (const quarter of wanted) {
      const run = runs.at(-1);
      if (run && quarter - run[1] === quarterMs && quarter - run[0] < chunk * quarterMs) run[1] = quarter;
      else runs.push([quarter, quarter]);
    }
    for (const [first, last] of runs) await load(first, last);
  }

  function refresh(stale: readonly number[]): void {
    const due = stale.filter((quarter) => !refreshing.has(quarter));
    if (due.length === 0) return;
    for (const quarter of due) refreshing.add(quarter);
    void loadAll(due)
      .catch(() => {})
      .finally(() => {
        for (const quarter of due) refreshing.delete(quarter);
      });
  }

  function isMissing(quarter: number): boolean {
    return known.peek(quarter, { allowStale: true }) === undefined;
  }

  /** Those who come while a lot is added up find it done when it is their turn. */
  async function inTurn(work: () => Promise<void>): Promise<void> {
    const turn = turns.then(work);
    turns = turn.catch(() => {});
    return turn;
  }

  async function quarters(from: number, to: number): Promise<Cell[]> {
    const wanted = Array.from(
      { length: Math.max(0, (to - from) / quarterMs) },
      (_, i) => from + i * quarterMs,
    );
    refresh(wanted.filter((quarter) => !known.has(quarter) && known.peek(quarter) !== undefined));
    if (wanted.some(isMissing)) await inTurn(async () => loadAll(wanted.filter(isMissing)));
    return wanted.flatMap((start) => {
      const sum = known.get(start);
      return sum === undefined || sum.total === 0 ? [] : [{ start, ...sum }];
    });
  }

  /** The whole windows of some size within a time, that no longer change. */
  function settledWithin(from: number, to: number, size: number): { begin: number; end: number } {
    const begin = Math.min(to, Math.ceil(from / size) * size);
    const settled = Math.floor(Math.min(to, now() - openMs) / size) * size;
    return { begin, end: Math.max(begin, settled) };
  }

  async function cells(from: number, to: number): Promise<Cell[]> {
    const { begin, end } = settledWithin(from, to, quarterMs);
    const parts = await Promise.all([all(from, begin), quarters(begin, end), all(end, to)]);
    return parts.flat();
  }

  /** The sums of days that follow each other. */
  async function sumsOfDays(from: number, to: number): Promise<Omit<Cell, 'start'>[]> {
    const wanted = Array.from({ length: (to - from) / dayMs }, (_, i) => from + i * dayMs);
    const remembered = wanted.map((day) => days.get(day));
    const missing = wanted.filter((_, i) => remembered[i] === undefined);
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined) return remembered.filter((sum) => sum !== undefined);
    const found = Map.groupBy(await quarters(first, last + dayMs), ({ start }) => start - (start % dayMs));
    return wanted.map((day, i) => {
      const sumBefore = remembered[i];
      if (sumBefore !== undefined) return sumBefore;
      const sum = sumOf(found.get(day) ?? []);
      days.set(day, sum);
      return sum;
    });
  }

  return {
    cells,
    minutes,
    async sum(from, to) {
      const { begin, end } = settledWithin(from, to, dayMs);
      const parts = await Promise.all([cells(from, begin), sumsOfDays(begin, end), cells(end, to)]);
      return sumOf(parts.flat());
    },
  };
}

function sumOf(parts: readonly Omit<Cell, 'start'>[]): Omit<Cell, 'start'> {
  const sum = { total: 0, byType: {} };
  for (const part of parts) addCounts(sum, part);
  return sum;
}

function cellOf({ windowStart, total, byType }: GlobalCountDocument): Cell {
  return { start: windowStart.getTime(), total, byType };
}

/** Stages that find the minutes of a time and their late parts, which are in another collection. */
function countsBetween(from: number, to: number): Document[] {
  const windowStart = { $gte: new Date(from), $lt: new Date(to) };
  const late = { userId: everyone, size: 'late-minute', windowStart };
  return [
    { $match: { size: 'minute', windowStart } },
    { $unionWith: { coll: collections.counts, pipeline: [{ $match: late }] } },
  ];
}

function pipelineOf(from: number, to: number): Document[] {
  const quarter = { $dateTrunc: { date: '$windowStart', unit: 'minute', binSize: 15 } };
  return [
    ...countsBetween(from, to),
    { $project: { _id: 0, windowStart: 1, types: { $objectToArray: '$byType' } } },
    { $unwind: '$types' },
    { $group: { _id: { quarter, type: '$types.k' }, count: { $sum: '$types.v' } } },
  ];
}
