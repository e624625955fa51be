// Waits until everything that was sent is in MongoDB, by looks that cost next to nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, defaultTopics } from '@activity/contracts';
import { openTopicReader, type TopicReader } from '@activity/kafka';
import type { Db, Document } from 'mongodb';

/** When what was stored, in epoch milliseconds. */
export interface Stored {
  /** Half of the logs; all logs; all windows and totals too. */
  half: number;
  logs: number;
  all: number;
  /** How often every document of a collection was added up, which is all that costs MongoDB anything. */
  sums: number;
}

/** Where to look. */
export interface Places {
  db: Db;
  /** `host:port` of the broker. */
  kafka: string;
}

const lookMs = 100;
/** A sum is taken again after this time, though no record has come. */
const sumAgainMs = 2_000;
const patienceMs = 60_000;

type Counted = 'counts' | 'users';

interface Absolute {
  _id: string;
  lastId: number;
}

async function sumOf(db: Db, collection: string): Promise<number> {
  const sum: Document = { $group: { _id: null, total: { $sum: '$total' } } };
  const [found] = await db.collection(collection).aggregate<{ total: number }>([sum]).toArray();
  return found?.total ?? 0;
}

/** Looks until a number is what it should be; returns when. @throws Error where it has stopped growing */
async function until(what: string, wanted: number, look: () => Promise<number>): Promise<number> {
  let [most, grown] = [-1, Date.now()];
  for (;;) {
    const found = await look();
    const now = Date.now();
    if (found >= wanted) return now;
    if (found > most) [most, grown] = [found, now];
    if (now - grown > patienceMs)
      throw new Error(`${what}: ${found} of ${wanted}, and no more for ${patienceMs / 1_000} s`);
    await sleep(lookMs);
  }
}

/** The last record of each partition of a topic: the sink writes them last. */
async function lastRecords(reader: TopicReader, topic: string, ends: readonly number[]): Promise<Absolute[]> {
  const last = new Map<number, Absolute>();
  // Markers of transactions are behind it, and take offsets.
  const from = ends.map((end) => Math.max(0, end - 20));
  for await (const { partition, value } of reader.read(topic, from))
    if (value !== null) last.set(partition, JSON.parse(value.toString()) as Absolute);
  return [...last.values()];
}

async function areStored(db: Db, collection: string, records: readonly Absolute[]): Promise<boolean> {
  const newest = records.map(({ _id, lastId }) => ({ _id, lastId: { $gte: lastId } }));
  const found = await db.collection<Absolute>(collection).countDocuments({ $or: newest });
  return found === records.length;
}

/** Sums are taken once the topic's last records are stored, and again when the topic has grown. */
function sumWhenNear(
  { db }: Places,
  reader: TopicReader,
  of: Counted,
  stored: Stored,
): () => Promise<number> {
  let summed = { ends: '', at: 0, total: 0 };
  let near = { ends: '', records: [] as Absolute[] };
  return async () => {
    const offsets = await reader.offsets(defaultTopics[of], 'latest');
    const ends = offsets.join();
    if (summed.ends === ends && Date.now() - summed.at < sumAgainMs) return summed.total;
    if (near.ends !== ends) near = { ends, records: await lastRecords(reader, defaultTopics[of], offsets) };
    if (near.records.length === 0 || !(await areStored(db, collections[of], near.records)))
      return summed.total;
    stored.sums++;
    summed = { ends, total: await sumOf(db, collections[of]), at: Date.now() };
    return summed.total;
  };
}

/**
 * Waits until the logs are as many as the events, and the sums of everything that is counted say the same.
 *
 * @throws Error where a number has stopped growing
 */
export async function untilStored(places: Places, events: number): Promise<Stored> {
  const { db, kafka } = places;
  const stored: Stored = { half: 0, logs: 0, all: 0, sums: 0 };
  const logs = db.collection(collections.logs);
  // It is in the collection's metadata.
  const countLogs = async (): Promise<number> => logs.estimatedDocumentCount();
  const reader = openTopicReader({ brokers: [kafka], clientId: 'bench-pipeline' });
  try {
    stored.half = await until('stored logs', Math.ceil(events / 2), countLogs);
    stored.logs = await until('stored logs', events, countLogs);
    await until('the sum of the totals of users', events, sumWhenNear(places, reader, 'users', stored));
    // An event is in a minute, an hour and a day.
    const windows = sumWhenNear(places, reader, 'counts', stored);
    await until('the sum of the windows of users', 3 * events, windows);
    // A document a minute.
    const minutes = async (): Promise<number> => sumOf(db, collections.globalCounts);
    stored.all = await until('the sum of the minutes of everybody', events, minutes);
    return stored;
  } finally {
    await reader.close();
  }
}
