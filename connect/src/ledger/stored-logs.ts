// Counts the logs in MongoDB that belong to entries of the ledger, from indexes alone.
import { collections, logExpiryIndex, maxPartitions, type LedgerEntry } from '@activity/contracts';
import type { Db, Document } from 'mongodb';
import { countErased } from './accounts.ts';

/** What is stored of the records of an entry. */
export interface Stored {
  /** Logs that are no markers and have not expired. */
  logs: number;
  /** Logs that were erased, without those that a command has deleted as well and those that have expired. */
  erased: number;
}

/** The smallest and the largest id of an entry's records. */
function rangeOf({ partition, firstOffset, lastOffset }: LedgerEntry): [number, number] {
  return [firstOffset * maxPartitions + partition, lastOffset * maxPartitions + partition];
}

/** The documents that match, by partition, each within the range of its partition's entry. */
async function countWithin(
  db: Db,
  entries: readonly LedgerEntry[],
  match: Document,
  index: string,
): Promise<Map<number, number>> {
  const ranges = new Map(entries.map((entry) => [entry.partition, rangeOf(entry)]));
  const partitions = Array.from({ length: Math.max(...ranges.keys()) + 1 }, (_, number) => number);
  const partition = { $mod: ['$_id', maxPartitions] };
  // Where there is no entry, nothing is between the two.
  const firsts = partitions.map((number) => ranges.get(number)?.[0] ?? 0);
  const lasts = partitions.map((number) => ranges.get(number)?.[1] ?? -1);
  const first = { $arrayElemAt: [firsts, partition] };
  const last = { $arrayElemAt: [lasts, partition] };
  const within = { $and: [{ $gte: ['$_id', first] }, { $lte: ['$_id', last] }] };
  const _id = {
    $gte: Math.min(...Array.from(ranges.values(), ([smallest]) => smallest)),
    $lte: Math.max(...lasts),
  };
  const found = await db
    .collection(collections.logs)
    .aggregate<{ _id: number; documents: number }>(
      [
        { $match: { _id, ...match } },
        { $group: { _id: partition, documents: { $sum: { $cond: [within, 1, 0] } } } },
      ],
      { hint: index },
    )
    .toArray();
  return new Map(found.map((one) => [one._id, one.documents]));
}

/**
 * What is stored of each entry's records, by partition: one pass over the ids, one over the markers, and one
 * over what has expired and is still there.
 */
export async function countStored(
  db: Db,
  entries: readonly LedgerEntry[],
  now: Date,
): Promise<Map<number, Stored>> {
  const stored = new Map<number, Stored>();
  if (entries.length === 0) return stored;
  const documents = await countWithin(db, entries, {}, '_id_');
  const markers = await countWithin(db, entries, { deletedAt: { $exists: true } }, 'markers');
  const expired = await countWithin(db, entries, { expiresAt: { $lte: now } }, logExpiryIndex);
  for (const entry of entries) {
    const { partition } = entry;
    const [first, last] = rangeOf(entry);
    const _id = { $mod: [maxPartitions, partition], $gte: first, $lte: last };
    const logs =
      (documents.get(partition) ?? 0) - (markers.get(partition) ?? 0) - (expired.get(partition) ?? 0);
    stored.set(partition, { logs, erased: await countErased(db, _id, now) });
  }
  return stored;
}
