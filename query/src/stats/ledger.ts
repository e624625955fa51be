// What the ledger says of the raw records: how many became what.
import { expiredIn, ledgerClasses } from '@activity/contracts';
import type { LedgerEntry } from '@activity/contracts';
import type { Collection, Filter } from 'mongodb';
import type { Reads } from '../reads/reads.ts';

/** A ledger entry as the sink stores it. */
export interface LedgerDocument extends Omit<LedgerEntry, 'minute' | 'expires' | 'expiriesSince'> {
  minute?: Date;
  expires?: Date;
  expiriesSince?: Date;
}

/** Reads the ledger. */
export interface Ledger {
  /** The sum of each partition of the raw topic. */
  sums: () => Promise<LedgerDocument[]>;
  /** The minutes from a time on, of each partition. */
  since: (from: Date) => Promise<LedgerDocument[]>;
  /** How many logs have expired by now, with these sums. */
  expired: (sums: readonly LedgerDocument[], now: Date) => Promise<number>;
}

/** The ledger in MongoDB. */
export function createLedger(reads: Reads, ledger: Collection<LedgerDocument>): Ledger {
  return {
    async sums() {
      // Sums have no minute, which the index of minutes knows.
      const filter = { minute: { $exists: false } } as Filter<LedgerDocument>;
      return reads.find('ledger.sums', ledger, filter, { limit: 1_024 });
    },
    since: async (from) =>
      reads.find('ledger.minutes', ledger, { minute: { $gte: from } }, { limit: 65_536 }),
    async expired(sums, now) {
      const passed = { expires: { $lte: now }, expiring: { $gt: 0 } };
      // Without a retention there are no hours.
      const hours = sums.some(({ expiriesSince }) => expiriesSince !== undefined)
        ? await reads.find('ledger.expires', ledger, passed, { limit: 65_536, index: 'expires' })
        : [];
      return [...expiredIn([...sums, ...hours], now).values()].reduce((all, count) => all + count, 0);
    },
  };
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
