// Reads the accounts of all partitions: from the ledger topic, the broker and MongoDB.
import {
  collections,
  ledgerClasses,
  ledgerEntrySchema,
  maxPartitions,
  rawPosition,
  receiptsCollection,
  type ErasureReceipt,
  type LedgerEntry,
  type Topics,
} from '@activity/contracts';
import type { TopicReader } from '@activity/streams';
import type { Db } from 'mongodb';
import type { Account } from './balance.ts';

/** Where accounts are read from. */
export interface AccountSources {
  reader: TopicReader;
  db: Db;
  topics: Topics;
  /** The processor's application id. */
  groupId: string;
}

/** The newest entry of each partition and minute. */
async function readLedger(reader: TopicReader, topic: string): Promise<Map<string, LedgerEntry>> {
  const entries = new Map<string, LedgerEntry>();
  for await (const { key, value } of reader.read(topic)) {
    if (value === null) continue;
    const entry = ledgerEntrySchema.parse(JSON.parse(value.toString('utf8')));
    entries.set(key?.toString('utf8') ?? entry._id, entry);
  }
  return entries;
}

/** Reads all accounts. */
export async function readAccounts({ reader, db, topics, groupId }: AccountSources): Promise<Account[]> {
  const [earliest, latest, committed, entries, receipts] = await Promise.all([
    reader.offsets(topics.raw, 'earliest'),
    reader.offsets(topics.raw, 'latest'),
    reader.committed(groupId, topics.raw),
    readLedger(reader, topics.ledger),
    db.collection<ErasureReceipt>(receiptsCollection).find({}).toArray(),
  ]);
  const logs = db.collection<{ _id: number }>(collections.logs);
  return Promise.all(
    latest.map(async (end, partition): Promise<Account> => {
      const entry = entries.get(`${partition}|all`);
      const first = (entry?.firstOffset ?? 0) * maxPartitions + partition;
      const minutes: Record<string, number> = {};
      for (const one of entries.values()) {
        if (one.partition !== partition || one.minute === undefined) continue;
        for (const name of ledgerClasses) minutes[name] = (minutes[name] ?? 0) + one[name];
      }
      return {
        partition,
        entry,
        minutes,
        earliest: earliest[partition] ?? 0,
        latest: end,
        committed: committed[partition],
        stored: await logs.countDocuments({
          _id: { $mod: [maxPartitions, partition], $gte: first },
          deletedAt: { $exists: false },
        }),
        erased: receipts
          .filter(({ _id }) => rawPosition(_id).partition === partition)
          .reduce((sum, receipt) => sum + receipt.logs, 0),
      };
    }),
  );
}
