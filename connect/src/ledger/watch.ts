// Balances the ledger while events flow: up to the last record that it knows,
// once the sink has stored all of those.
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, expiredIn, type LedgerEntry } from '@activity/contracts';
import type { TopicReader } from '@activity/streams';
import type { Db } from 'mongodb';
import type { Connector } from '../connectors.ts';
import { sinkPositions } from '../sink-positions.ts';
import { classed } from './balance.ts';
import { readExpiring } from './accounts.ts';
import { countStored, type Stored } from './stored-logs.ts';

/** What balancing needs. */
export interface LedgerWatchOptions {
  db: Db;
  reader: TopicReader;
  /** The connectors that store the logs and the ledger. */
  logs: Connector;
  ledger: Connector;
  /** Told of every balance: by how many records it, and the one before, differ. */
  onDifferences: (differences: ReadonlyMap<string, number>) => void;
  signal: AbortSignal;
}

const whats = ['classes', 'missing', 'surplus'] as const;

/** How long the sink is waited for. */
const patienceMs = 120_000;

/**
 * By how many records an entry differs from what is stored of its records. What was deleted between `before`
 * and `after` may be there or not: only what is outside of both counts.
 */
export function differencesWithin(
  before: LedgerEntry,
  after: Pick<LedgerEntry, 'deleted'>,
  { logs, erased }: Stored,
  expired = 0,
): { classes: number; missing: number; surplus: number } {
  const records = before.lastOffset - before.firstOffset + 1;
  return {
    classes: Math.abs(records - classed(before)),
    missing: Math.max(0, before.enriched - after.deleted - erased - expired - logs),
    surplus: Math.max(0, logs + erased + expired + before.deleted - before.enriched),
  };
}

/** Balances once: first `ready`, then `look`. */
export interface LedgerWatch {
  /**
   * Reads the ledger and waits until the sink has stored all of it. @throws Error where it does not come that
   * far in time.
   */
  ready: () => Promise<void>;
  /**
   * Counts what is stored. What one count alone finds may have moved while it was counted: only what the next
   * one finds too is told.
   */
  look: () => Promise<void>;
}

/** Makes what balances the ledger. */
export function createLedgerWatch(options: LedgerWatchOptions): LedgerWatch {
  const { db, logs, ledger, onDifferences } = options;
  let before = new Map<number, LedgerEntry>();
  /** The hours in which logs expire, read with `before`. */
  let expiring: LedgerEntry[] = [];
  let last = { classes: 0, missing: 0, surplus: 0 };

  async function sums(): Promise<Map<number, LedgerEntry>> {
    // Sums have no minute, which the index of minutes knows.
    const found = await db
      .collection<Omit<LedgerEntry, 'expiriesSince'> & { expiriesSince?: Date }>(collections.ledger)
      .find({ minute: { $exists: false } })
      .toArray();
    return new Map(
      found.map(({ expiriesSince, ...entry }) => [
        entry.partition,
        { ...entry, ...(expiriesSince && { expiriesSince: expiriesSince.toISOString() }) },
      ]),
    );
  }

  return {
    async ready() {
      before = await sums();
      expiring = await readExpiring(db);
      await untilStored(logs, options);
    },
    async look() {
      const now = new Date();
      const stored = await countStored(db, [...before.values()], now);
      const expired = expiredIn([...before.values(), ...expiring], now);
      // Of every marker that was counted, what the ledger says of it.
      await untilStored(ledger, options);
      const after = await sums();
      const total = { classes: 0, missing: 0, surplus: 0 };
      for (const entry of before.values()) {
        const found = stored.get(entry.partition) ?? { logs: 0, erased: 0 };
        const differences = differencesWithin(
          entry,
          after.get(entry.partition) ?? entry,
          found,
          expired.get(entry.partition),
        );
        for (const what of whats) total[what] += differences[what];
      }
      const lasting = whats.map((what) => [what, Math.min(total[what], last[what])] as const);
      last = total;
      onDifferences(new Map(lasting));
    },
  };
}

/** Waits until a connector has stored what its topic holds now. */
async function untilStored(
  connector: Connector,
  { reader, signal }: Pick<LedgerWatchOptions, 'reader' | 'signal'>,
): Promise<void> {
  const ends = await reader.offsets(connector.config['topics'] ?? '', 'latest');
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const positions = await sinkPositions(reader, [connector]);
    // Behind the last record is the marker of its transaction, which the sink does not count.
    const stored = positions.every(({ partition, committed = 0 }) => committed >= (ends[partition] ?? 0) - 1);
    if (stored) return;
    if (performance.now() > deadline)
      throw new Error(`${connector.name} has not stored all of its topic within 2 minutes`);
    await sleep(500, undefined, { signal });
  }
}
