// Balances the ledger while events flow: up to the last record that it knows, once the sink has stored all of those.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  collections,
  ledgerClasses,
  maxPartitions,
  type LedgerEntry,
  type Topics,
} from '@activity/contracts';
import type { TopicReader } from '@activity/streams';
import type { Db } from 'mongodb';
import type { Connector } from '../connectors.ts';
import { sinkPositions } from '../sink-positions.ts';
import { countErased } from './accounts.ts';

/** What balancing needs. */
export interface LedgerWatchOptions {
  db: Db;
  reader: TopicReader;
  topics: Topics;
  /** The connector that stores the logs. */
  logs: Connector;
  /** Told of every balance: by how many records it, and the one before, differ. */
  onDifferences: (differences: ReadonlyMap<string, number>) => void;
  signal: AbortSignal;
}

/** What is stored of the records of an entry. */
export interface Stored {
  /** Logs that are no markers. */
  logs: number;
  /** Logs that were erased, without those that a command has deleted as well. */
  erased: number;
}

const whats = ['classes', 'missing', 'surplus'] as const;

/** How long the sink is waited for. */
const patienceMs = 120_000;

/**
 * By how many records an entry differs from what is stored of its records. What was deleted between `before` and `after` may be
 * there or not: only what lies outside of both counts.
 */
export function differencesWithin(
  before: LedgerEntry,
  after: Pick<LedgerEntry, 'deleted'>,
  { logs, erased }: Stored,
): { classes: number; missing: number; surplus: number } {
  const records = before.lastOffset - before.firstOffset + 1;
  const classed = ledgerClasses.reduce((sum, name) => sum + before[name], 0);
  return {
    classes: Math.abs(records - classed),
    missing: Math.max(0, before.enriched - after.deleted - erased - logs),
    surplus: Math.max(0, logs + erased + before.deleted - before.enriched),
  };
}

/** Balances once: first `ready`, then `look`. */
export interface LedgerWatch {
  /** Reads the ledger and waits until the sink has stored all of it. @throws Error where it does not come that far in time. */
  ready: () => Promise<void>;
  /** Counts what is stored. What one count alone finds may have moved while it was counted: only what the next one finds too is told. */
  look: () => Promise<void>;
}

/** Makes what balances the ledger. */
export function createLedgerWatch(options: LedgerWatchOptions): LedgerWatch {
  const { db, onDifferences } = options;
  let before = new Map<number, LedgerEntry>();
  let last = { classes: 0, missing: 0, surplus: 0 };

  async function sums(): Promise<Map<number, LedgerEntry>> {
    // Sums have no minute, which the index of minutes knows.
    const found = await db
      .collection<LedgerEntry>(collections.ledger)
      .find({ minute: { $exists: false } })
      .toArray();
    return new Map(found.map((entry) => [entry.partition, entry]));
  }

  async function storedOf({ partition, firstOffset, lastOffset }: LedgerEntry): Promise<Stored> {
    const _id = {
      $mod: [maxPartitions, partition] as [number, number],
      $gte: firstOffset * maxPartitions + partition,
      $lte: lastOffset * maxPartitions + partition,
    };
    const logs = await db
      .collection<{ _id: number }>(collections.logs)
      .countDocuments({ _id, deletedAt: { $exists: false } });
    return { logs, erased: await countErased(db, _id) };
  }

  return {
    async ready() {
      before = await sums();
      await untilStored(options);
    },
    async look() {
      const stored = new Map<number, Stored>();
      for (const entry of before.values()) stored.set(entry.partition, await storedOf(entry));
      const after = await sums();
      const total = { classes: 0, missing: 0, surplus: 0 };
      for (const entry of before.values()) {
        const found = stored.get(entry.partition) ?? { logs: 0, erased: 0 };
        const differences = differencesWithin(entry, after.get(entry.partition) ?? entry, found);
        for (const what of whats) total[what] += differences[what];
      }
      const lasting = whats.map((what) => [what, Math.min(total[what], last[what])] as const);
      last = total;
      onDifferences(new Map(lasting));
    },
  };
}

/** Waits until the sink has stored what the topic of logs holds now. */
async function untilStored({ reader, topics, logs, signal }: LedgerWatchOptions): Promise<void> {
  const ends = await reader.offsets(topics.enriched, 'latest');
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const positions = await sinkPositions(reader, [logs]);
    // Behind the last record lies the marker of its transaction, which the sink does not count.
    const stored = positions.every(({ partition, committed = 0 }) => committed >= (ends[partition] ?? 0) - 1);
    if (stored) return;
    if (performance.now() > deadline)
      throw new Error(`${logs.name} has not stored all logs within 2 minutes`);
    await sleep(500, undefined, { signal });
  }
}
