// Reads the accounts of all partitions: from the ledger topic, the broker and MongoDB.
import {
  collections,
  erasedLogsCollection,
  expiredIn,
  ledgerClasses,
  ledgerEntrySchema,
  maxPartitions,
  shownLogs,
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

/**
 * Erased logs that no command has deleted as well and that would still be there: others are among the deleted
 * and the expired.
 */
export async function countErased(db: Db, _id: Document, now: Date): Promise<number> {
  const erased = await db
    .collection<ErasedLog>(erasedLogsCollection)
    .countDocuments({ _id, deleted: { $exists: false }, expiresAt: { $not: { $lte: now } } });
  const deletedToo = await db
    .collection(collections.logs)
    .aggregate(
      [
        { $match: { _id, deletedAt: { $exists: true } } },
        ...deletedOfErased,
        { $match: { 'erased.expiresAt': { $not: { $lte: now } } } },
        { $count: 'logs' },
      ],
      { hint: 'markers' },
    )
    .toArray();
  return erased - Number(deletedToo[0]?.['logs'] ?? 0);
}

type ExpiryTimes = 'minute' | 'expires' | 'expiriesSince';
type ExpiryDocument = Omit<LedgerEntry, ExpiryTimes> & Record<ExpiryTimes, Date>;

/** The hours in which logs expire, from MongoDB, which keeps them longer than the topic does. */
export async function readExpiring(db: Db): Promise<LedgerEntry[]> {
  const found = await db
    .collection<ExpiryDocument>(collections.ledger)
    .find({ expires: { $exists: true } })
    .toArray();
  return found.map(({ minute, expires, expiriesSince, ...entry }) => ({
    ...entry,
    minute: minute.toISOString(),
    expires: expires.toISOString(),
    expiriesSince: expiriesSince.toISOString(),
  }));
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
  for (const entry of await readExpiring(db)) {
    if (!entries.has(entry._id)) entries.set(entry._id, entry);
  }
  const logs = db.collection<{ _id: number }>(collections.logs);
  const now = new Date();
  const expired = expiredIn([...entries.values()], now);
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
          ...shownLogs(now),
        }),
        erased: await countErased(db, { $mod: [maxPartitions, partition], $gte: first }, now),
        expired: expired.get(partition) ?? 0,
      };
    }),
  );
  return { accounts, unreadable };
}
