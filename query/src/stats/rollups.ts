// Counts of all users over time: minutes as they are stored, and quarters of hours and days, which are
// remembered until one of their minutes is stored again. What came after its minute had closed is in no
// minute: it is counted apart, and is in all sums of minutes.
import { collections, everyone, windowSizes, namedCounts, typeOfKey } from '@activity/contracts';
import type { CountsByType } from '@activity/contracts';
import { pace } from '@activity/service';
import { LRUCache } from 'lru-cache';
import type { Collection, Document } from 'mongodb';
import type { FreshnessOf } from '../pipeline/freshness.ts';
import type { Reads } from '../reads/reads.ts';
import { addCounts } from './buckets.ts';
import type { Cell } from './buckets.ts';
import type { StoredAgain } from './stored-again.ts';

/** The count of a minute as the sink stores it. */
export interface GlobalCountDocument {
  _id: string;
  size: 'minute';
  windowStart: Date;
  total: number;
  byType: CountsByType;
  kafkaPartition?: number;
  kafkaOffset?: number;
}

/** Reads counts of all users. What is remembered is as fresh as `fresh` says, which was asked for before. */
export interface Rollups {
  /**
   * The counts from a minute on, up to a minute, late ones too, each within one quarter of an hour, in order.
   */
  cells: (from: number, to: number, fresh: FreshnessOf) => Promise<Cell[]>;
  /** The counts of single minutes, without what came late. */
  minutes: (from: number, to: number) => Promise<Cell[]>;
  /** All counts of a time in one, late ones too. */
  sum: (from: number, to: number, fresh: FreshnessOf) => Promise<Sum>;
}

type Sum = Omit<Cell, 'start'>;

/** What the counts are read from. */
export interface RollupsOptions {
  reads: Reads;
  globalCounts: Collection<GlobalCountDocument>;
  /** Says which minutes were stored again. */
  storedAgain: StoredAgain;
  now: () => number;
}

const { day: dayMs } = windowSizes;
const quarterMs = 15 * windowSizes.minute;
/** Until then a minute may still change: late events, and what the sink has not stored yet. */
const openMs = windowSizes.hour;
/** What is remembered is compared with what is stored so often at least, in milliseconds. */
const comparedMs = 1_000;
/**
 * Where nothing says what the sink stores, all is read again so often: the reads are long, and answers have
 * no asOf then.
 */
const unknownMs = 10_000;
const maxRemembered = 50_000;
const maxDays = 500;
/** The quarters of one read. */
const chunk = 7 * 96;
const maxMinutes = 1_600;

/** Makes what reads them. */
export function createRollups({ reads, globalCounts, storedAgain, now }: RollupsOptions): Rollups {
  const known = new LRUCache<number, Sum>({ max: maxRemembered });
  const days = new LRUCache<number, Sum>({ max: maxDays });
  /** Of each read under way: the quarters that were stored again meanwhile, which it may have read before. */
  const underWay = new Set<Set<number | 'anything'>>();
  let compared: { version: string | undefined; at: number } | undefined;
  let comparing: Promise<void> = Promise.resolve();
  let turns: Promise<void> = Promise.resolve();

  function isCompared({ version }: FreshnessOf): boolean {
    const forMs = version === undefined ? unknownMs : comparedMs;
    return compared !== undefined && compared.version === version && now() - compared.at < forMs;
  }

  /** Forgets what is not what is stored any more. */
  async function compare(fresh: FreshnessOf): Promise<void> {
    const turn = comparing.then(async () => {
      if (isCompared(fresh)) return;
      const at = now();
      const changed = await storedAgain(fresh);
      if (changed === 'anything') {
        known.clear();
        days.clear();
        for (const stale of underWay) stale.add('anything');
      } else {
        for (const minute of changed) {
          const quarter = minute - (minute % quarterMs);
          known.delete(quarter);
          days.delete(minute - (minute % dayMs));
          for (const stale of underWay) stale.add(quarter);
        }
      }
      compared = { version: fresh.version, at };
    });
    comparing = turn.catch(() => {});
    return turn;
  }

  /** Adds something up while it is noted what is stored again meanwhile. */
  async function noting<T>(work: (stale: ReadonlySet<number | 'anything'>) => Promise<T>): Promise<T> {
    const stale = new Set<number | 'anything'>();
    underWay.add(stale);
    try {
      return await work(stale);
    } finally {
      underWay.delete(stale);
    }
  }

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

  /** Reads quarters that follow each other into `sums`. */
  async function load(first: number, last: number, sums: Map<number, Sum>): Promise<void> {
    await noting(async (stale) => {
      const rows = await reads.aggregate<Document, GlobalCountDocument>(
        'globalCounts.quarters',
        globalCounts,
        pipelineOf(first, last + quarterMs),
      );
      for (let quarter = first; quarter <= last; quarter += quarterMs)
        sums.set(quarter, { total: 0, byType: namedCounts({}) });
      for (const { _id, count } of rows) {
        const { quarter, type } = _id as { quarter: Date; type: string };
        const sum = sums.get(quarter.getTime());
        if (sum) addCounts(sum, { total: Number(count), byType: { [typeOfKey(type)]: Number(count) } });
      }
      if (stale.has('anything')) return;
      for (let quarter = first; quarter <= last; quarter += quarterMs) {
        const sum = sums.get(quarter);
        if (sum && !stale.has(quarter)) known.set(quarter, sum);
      }
    });
  }

  async function loadAll(wanted: readonly number[], sums: Map<number, Sum>): Promise<void> {
    const runs: [number, number][] = [];
    for (const quarter of wanted) {
      if (pace.due) await pace.rest();
      const sum = known.get(quarter);
      if (sum) {
        sums.set(quarter, sum);
        continue;
      }
      const run = runs.at(-1);
      if (run && quarter - run[1] === quarterMs && quarter - run[0] < chunk * quarterMs) run[1] = quarter;
      else runs.push([quarter, quarter]);
    }
    for (const [first, last] of runs) await load(first, last, sums);
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
    const sums = new Map<number, Sum>();
    if (wanted.every((quarter) => known.has(quarter))) await loadAll(wanted, sums);
    else await inTurn(async () => loadAll(wanted, sums));
    const found: Cell[] = [];
    for (const start of wanted) {
      if (pace.due) await pace.rest();
      const sum = sums.get(start);
      if (sum !== undefined && sum.total > 0) found.push({ start, ...sum });
    }
    return found;
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
  async function sumsOfDays(from: number, to: number): Promise<Sum[]> {
    const wanted = Array.from({ length: (to - from) / dayMs }, (_, i) => from + i * dayMs);
    const sums = wanted.map((day) => days.get(day));
    const missing = wanted.filter((_, i) => sums[i] === undefined);
    const [first, last] = [missing[0], missing.at(-1)];
    if (first === undefined || last === undefined) return sums.filter((sum) => sum !== undefined);
    return noting(async (stale) => {
      const found = Map.groupBy(await quarters(first, last + dayMs), ({ start }) => start - (start % dayMs));
      const staleDays = new Set([...stale].map((one) => (one === 'anything' ? one : one - (one % dayMs))));
      return wanted.map((day, i) => {
        const sum = sums[i] ?? sumOf(found.get(day) ?? []);
        if (!staleDays.has(day) && !staleDays.has('anything')) days.set(day, sum);
        return sum;
      });
    });
  }

  return {
    async cells(from, to, fresh) {
      await compare(fresh);
      return cells(from, to);
    },
    minutes,
    async sum(from, to, fresh) {
      await compare(fresh);
      const { begin, end } = settledWithin(from, to, dayMs);
      const parts = await Promise.all([cells(from, begin), sumsOfDays(begin, end), cells(end, to)]);
      return sumOf(parts.flat());
    },
  };
}

function sumOf(parts: readonly Sum[]): Sum {
  const sum = { total: 0, byType: namedCounts({}) };
  for (const part of parts) addCounts(sum, part);
  return sum;
}

function cellOf({ windowStart, total, byType }: GlobalCountDocument): Cell {
  return { start: windowStart.getTime(), total, byType: namedCounts(byType) };
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
