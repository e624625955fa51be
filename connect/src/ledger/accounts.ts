// Reads the accounts of all partitions: from the ledger topic, the broker and MongoDB.
import {
  collections,
  erasedLogsCollection,
  ledgerClasses,
  ledgerEntrySchema,
  maxPartitions,
  type ErasedLog,
  type LedgerEntry,
  type Topics,
} from '@activity/contracts';
import type { TopicReader } from '@activity/streams';
import type { Db, Document } from 'mongodb';
import { deletedOfErased } from '../eraser.ts';
import type { Account } from './balance.ts';

/** Where accounts are read from. */
export interface AccountSources {
  reader: TopicReader;
  db: Db;
  topics: Topics;
  /** The processor's application id. */
  groupId: string;
}

/** What the ledger topic holds. */
export interface Ledger {
  /** The newest entry of each partition and minute. */
  entries: Map<string, LedgerEntry>;
  /** Where records lie that are no entries, as `topic/partition/offset`. */
  unreadable: string[];
}

/** Reads the ledger. A record that is no entry is left out and named: the processor did not write it. */
export async function readLedger(reader: Pick<TopicReader, 'read'>, topic: string): Promise<Ledger> {
  const entries = new Map<string, LedgerEntry>();
  const unreadable: string[] = [];
  for await (const { partition, offset, key, value } of reader.read(topic)) {
    if (value === null) continue;
    const entry = entryIn(value);
    if (entry === undefined) unreadable.push(`${topic}/${partition}/${offset}`);
    else entries.set(key?.toString('utf8') ?? entry._id, entry);
  }
  return { entries, unreadable };
}

function entryIn(value: Buffer): LedgerEntry | undefined {
  try {
    return ledgerEntrySchema.safeParse(JSON.parse(value.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Erased logs that no command has deleted as well: those are among the deleted. */
export async function countErased(db: Db, _id: Document): Promise<number> {
  const erased = await db
    .collection<ErasedLog>(erasedLogsCollection)
    .countDocuments({ _id, deleted: { $exists: false } });
  const deletedToo = await db
    .collection(collections.logs)
    .aggregate([{ $match: { _id, deletedAt: { $exists: true } } }, ...deletedOfErased, { $count: 'logs' }], {
      hint: 'markers',
    })
    .toArray();
  return erased - Number(deletedToo[0]?.['logs'] ?? 0);
}

/** All accounts, and the ledger's records that could not be read. */
export interface Accounts {
  accounts: Account[];
  unreadable: string[];
}

/** Reads all accounts. */
export async function readAccounts({ reader, db, topics, groupId }: AccountSources): Promise<Accounts> {
  const [earliest, latest, committed, { entries, unreadable }] = await Promise.all([
    reader.offsets(topics.raw, 'earliest'),
    reader.offsets(topics.raw, 'latest'),
    reader.committed(groupId, topics.raw),
    readLedger(reader, topics.ledger),
  ]);
  const logs = db.collection<{ _id: number }>(collections.logs);
  const accounts = await Promise.all(
    latest.map(async (end, partition): Promise<Account> => {
      const entry = entries.get(`${partition}|all`);
      const first = (entry?.firstOffset ?? 0) * maxPartitions + partition;
      const minutes: Record<string, number> = {};
      for (const one of entries.values()) {
        if (one.partition !== partition || one.minute === undefined) continue;
        // Of an application before this one, of records that are not in the raw topic any more.
        if (one.firstOffset < (entry?.firstOffset ?? 0)) continue;
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
        erased: await countErased(db, { $mod: [maxPartitions, partition], $gte: first }),
      };
    }),
  );
  return { accounts, unreadable };
}
