// Balances the ledger: what the processor says it did, against what the broker and MongoDB have.
import { ledgerClasses, type LedgerEntry } from '@activity/contracts';

/** What is known of one partition of the raw topic. */
export interface Account {
  partition: number;
  /** The ledger's entry for all; undefined where there is none. */
  entry: LedgerEntry | undefined;
  /** The sums of the minutes that the ledger holds, by class. */
  minutes: Record<string, number>;
  /** The broker's first offset, and the one after the last. */
  earliest: number;
  latest: number;
  /** The next offset that the processor reads; undefined where it has read nothing. */
  committed: number | undefined;
  /** Logs in MongoDB that are no markers, of raw records from the ledger's first on. */
  stored: number;
  /** Logs that were erased, without those that a command has deleted as well and those that have expired. */
  erased: number;
  /** Logs that have expired, without those that a command had deleted before. */
  expired: number;
}

/** One line that does not add up. */
export interface Difference {
  partition: number;
  what: string;
  expected: number;
  found: number;
}

/** The raw records that an entry has classed. */
export function classed(entry: LedgerEntry): number {
  return ledgerClasses.reduce((sum, name) => sum + entry[name], 0);
}

/** Everything of an account that does not add up; empty where it balances. */
export function differencesOf({
  partition,
  entry,
  minutes,
  earliest,
  committed,
  stored,
  erased,
  expired,
}: Account): Difference[] {
  const found: Difference[] = [];
  function compare(what: string, expected: number, value: number): void {
    if (expected !== value) found.push({ partition, what, expected, found: value });
  }
  if (!entry) {
    compare(
      'records read, of which the ledger says nothing',
      0,
      Math.max(0, (committed ?? earliest) - earliest),
    );
    compare('logs stored, of which the ledger says nothing', 0, stored);
    return found;
  }
  compare('next raw offset, by the ledger and by the commit', committed ?? 0, entry.lastOffset + 1);
  compare('raw records, by offsets and by class', entry.lastOffset - entry.firstOffset + 1, classed(entry));
  // Minutes are left out where the ledger began in the middle of one, and expire.
  for (const name of ledgerClasses) {
    if ((minutes[name] ?? 0) > entry[name])
      compare(`${name}, in all and by minute`, entry[name], minutes[name] ?? 0);
  }
  compare(
    'logs stored, by the ledger and in MongoDB',
    entry.enriched - entry.deleted - erased - expired,
    stored,
  );
  return found;
}
