// How much room events take in MongoDB, and how many records reach the sink.
import { openTopicReader } from '@activity/kafka';
import type { Db } from 'mongodb';

/** What one collection takes, in bytes. */
export interface CollectionBytes {
  documents: number;
  /** Of the documents as BSON. */
  data: number;
  /** Of the documents on disk, compressed. */
  storage: number;
  indexes: number;
  byIndex: Record<string, number>;
}

interface StorageStats {
  storageStats: {
    count: number;
    size: number;
    storageSize: number;
    totalIndexSize: number;
    indexSizes: Record<string, number>;
  };
}

/** What each collection takes once everything is on disk. */
export async function collectionBytes(db: Db): Promise<Map<string, CollectionBytes>> {
  await db.admin().command({ fsync: 1 });
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const bytes = new Map<string, CollectionBytes>();
  for (const name of names.toSorted()) {
    const [stats] = await db
      .collection(name)
      .aggregate<StorageStats>([{ $collStats: { storageStats: {} } }])
      .toArray();
    if (stats === undefined) continue;
    const { count, size, storageSize, totalIndexSize, indexSizes } = stats.storageStats;
    bytes.set(name, {
      documents: count,
      data: size,
      storage: storageSize,
      indexes: totalIndexSize,
      byIndex: indexSizes,
    });
  }
  return bytes;
}

/** How many committed records each topic holds, by reading all of them. */
export async function recordsOf(kafka: string, topics: readonly string[]): Promise<Map<string, number>> {
  const reader = openTopicReader({ brokers: [kafka], clientId: 'bench-pipeline' });
  try {
    const records = new Map<string, number>();
    for (const topic of topics) {
      let count = 0;
      for await (const _ of reader.read(topic)) count++;
      records.set(topic, count);
    }
    return records;
  } finally {
    await reader.close();
  }
}
