// Which minutes the sink has stored again since they were looked at: what was added up of them is not what is
// stored any more.
import { collections, everyone } from '@activity/contracts';
import type { Collection, Db, Filter } from 'mongodb';
import type { FreshnessOf, Source } from '../pipeline/freshness.ts';
import type { Reads } from '../reads/reads.ts';

/** A document of counts of minutes, with where its record is in Kafka, which the sink adds. */
export interface StoredMinute {
  size: string;
  userId?: string;
  windowStart: Date;
  kafkaPartition?: number;
  kafkaOffset?: number;
}

/** Documents of minutes. */
export interface MinuteSource {
  source: Source;
  collection: Collection<StoredMinute>;
  /** Which documents of the collection these are. */
  filter: Filter<StoredMinute>;
}

/** Where the counts of minutes of all users are. */
export function minuteSources(db: Db): MinuteSource[] {
  return [
    {
      source: 'globalCounts',
      collection: db.collection(collections.globalCounts),
      filter: { size: 'minute' },
    },
    { source: 'counts', collection: db.collection(collections.counts), filter: { userId: everyone } },
  ];
}

/** Says what was stored again since it was asked last: the starts of minutes, or that it may be anything. */
export type StoredAgain = (fresh: FreshnessOf) => Promise<readonly number[] | 'anything'>;

/** More of them at once are not told one by one. */
const maxChanged = 5_000;

/**
 * Makes what says it. Within a partition the sink stores in the order of offsets, so that all that was stored
 * since has an offset behind the largest one that was seen. The largest are read first: when one of them is
 * there, those before it are.
 */
export function createStoredAgain(reads: Reads, sources: readonly MinuteSource[]): StoredAgain {
  let seen: Map<string, number> | undefined;

  async function changedIn(
    { source, collection, filter }: MinuteSource,
    partition: number,
  ): Promise<number[]> {
    const name = `${source} ${partition}`;
    const after = seen?.get(name);
    const found = await reads.find(
      `${source}.changed`,
      collection,
      { ...filter, kafkaPartition: partition, kafkaOffset: { $gt: after ?? -1 } },
      {
        sort: { kafkaPartition: -1, kafkaOffset: -1 },
        limit: after === undefined ? 1 : maxChanged,
        projection: { _id: 0, windowStart: 1, kafkaOffset: 1 },
      },
    );
    seen?.set(name, found[0]?.kafkaOffset ?? after ?? -1);
    if (after === undefined) return [];
    if (found.length === maxChanged) throw new TooMany();
    return found.map(({ windowStart }) => windowStart.getTime());
  }

  return async function storedAgain({ version, partitions }) {
    // While the sink stores again what it had stored, offsets that were seen come once more.
    if (version === undefined) {
      seen = undefined;
      return 'anything';
    }
    const first = seen === undefined;
    seen ??= new Map();
    try {
      const all = sources.flatMap((one) =>
        Array.from({ length: partitions.get(one.source) ?? 0 }, async (_, partition) =>
          changedIn(one, partition),
        ),
      );
      const changed = (await Promise.all(all)).flat();
      return first ? 'anything' : changed;
    } catch (error) {
      seen = undefined;
      if (error instanceof TooMany) return 'anything';
      throw error;
    }
  };
}

class TooMany extends Error {}
