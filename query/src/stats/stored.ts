// What the ledger says of the raw records: how many became what.
import { ledgerClasses } from '@activity/contracts';
import type { LedgerEntry } from '@activity/contracts';
import type { Collection, Filter } from 'mongodb';
import type { Reads } from '../reads/reads.ts';

/** A ledger entry as the sink stores it. */
export interface LedgerDocument extends Omit<LedgerEntry, 'minute'> {
  minute?: Date;
}

/** The sum of each partition of the raw topic. */
export async function ledgerSums(
  reads: Reads,
  ledger: Collection<LedgerDocument>,
): Promise<LedgerDocument[]> {
  // Sums have no minute, which the index of minutes knows.
  const filter = { minute: { $exists: false } } as Filter<LedgerDocument>;
  return reads.find('ledger.sums', ledger, filter, { sort: { _id: 1 }, limit: 1_024 });
}

/** Adds entries up: the classes, and what is noted beside them. */
export function addedUp(
  entries: readonly LedgerDocument[],
): Record<(typeof ledgerClasses)[number] | 'late' | 'deleted' | 'erased', number> {
  const sum = { enriched: 0, duplicate: 0, deadLettered: 0, command: 0, late: 0, deleted: 0, erased: 0 };
  for (const entry of entries) {
    for (const name of [...ledgerClasses, 'late', 'deleted', 'erased'] as const) sum[name] += entry[name];
  }
  return sum;
}

/** Makes what tells how many events were new: neither duplicates nor dead-lettered. */
export function createStored(reads: Reads, ledger: Collection<LedgerDocument>): () => Promise<number> {
  return async function stored() {
    return addedUp(await ledgerSums(reads, ledger)).enriched;
  };
}
