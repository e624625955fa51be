// The figures of types: how many events, when the last one was, how many of them their schemas refuse.
import { typeIndexes, violationsIndex, windowSizes } from '@activity/contracts';
import type { Collection } from 'mongodb';
import type { LogDocument } from '../logs/log-json.ts';
import type { AskFreshness } from '../pipeline/freshness.ts';
import type { Reads } from '../reads/reads.ts';
import type { Rollups } from '../stats/rollups.ts';

/** What is known of all types. */
export interface TypeFigures {
  /** Events of the last 24 hours and 30 days, by type. */
  last24h: Record<string, number>;
  last30d: Record<string, number>;
  /** The time of the newest stored log, by type: every type that has logs. */
  lastSeen: ReadonlyMap<string, Date>;
  /** Stored logs that the schema of their type refuses, by type. */
  violations: ReadonlyMap<string, number>;
  asOf: Date | null;
}

/** What reading them needs. */
export interface TypeFiguresOptions {
  reads: Reads;
  logs: Collection<LogDocument>;
  rollups: Rollups;
  freshness: AskFreshness;
  now: () => number;
}

/** Reads figures. */
export interface TypeReads {
  figures: () => Promise<TypeFigures>;
  /** The names of metadata fields among the newest logs of a type. */
  fields: (name: string) => Promise<string[]>;
}

/** How many logs are looked at for the names of fields, and how many names are given. */
const sampledLogs = 20;
const mostFields = 50;
/** Figures are the same for this long, in milliseconds: all who look at the page see one reading. */
const keptMs = 2_000;

/** Makes what reads them. */
export function createTypeReads({ reads, logs, rollups, freshness, now }: TypeFiguresOptions): TypeReads {
  const { minute, day } = windowSizes;
  let kept: { at: number; figures: Promise<TypeFigures> } | undefined;

  async function read(): Promise<TypeFigures> {
    const fresh = await freshness('globalCounts', 'counts', 'logs');
    const end = Math.floor(now() / minute) * minute + minute;
    const [last24h, last30d, seen, refused] = await Promise.all([
      rollups.sum(end - day, end, fresh),
      rollups.sum(end - 30 * day, end, fresh),
      // One step of the index for each type.
      reads.aggregate<{ _id: string | null; last: Date }, LogDocument>('logs.types', logs, [
        { $sort: { activityType: 1, timestamp: -1, _id: -1 } },
        { $group: { _id: '$activityType', last: { $first: '$timestamp' } } },
      ]),
      reads.aggregate<{ _id: string; count: number }, LogDocument>(
        'logs.violations',
        logs,
        [
          { $match: { violations: { $exists: true } } },
          { $group: { _id: '$activityType', count: { $sum: 1 } } },
        ],
        violationsIndex,
      ),
    ]);
    return {
      last24h: last24h.byType,
      last30d: last30d.byType,
      // Delete markers have no type: they are the group of null.
      lastSeen: new Map(seen.flatMap(({ _id, last }) => (_id === null ? [] : [[_id, last] as const]))),
      violations: new Map(refused.map(({ _id, count }) => [_id, count])),
      asOf: fresh.asOf,
    };
  }

  return {
    async figures() {
      const at = now();
      if (kept === undefined || at - kept.at >= keptMs || at < kept.at) kept = { at, figures: read() };
      const { figures } = kept;
      return figures.catch((error: unknown) => {
        kept = undefined;
        throw error;
      });
    },
    async fields(name) {
      const found = await reads.find(
        'logs.fields',
        logs,
        { activityType: name },
        {
          sort: { timestamp: -1, _id: -1 },
          limit: sampledLogs,
          projection: { _id: 0, metadata: 1 },
          index: typeIndexes.ofAll,
        },
      );
      const names = new Set(found.flatMap(({ metadata = {} }) => Object.keys(metadata)));
      return [...names].slice(0, mostFields);
    },
  };
}
