// How much room events take: in each topic on the broker's disk, and in MongoDB; and how many records reach
// the sink.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openTopicReader } from '@activity/kafka';
import type { Db } from 'mongodb';

/** The bytes of each topic's segments, all partitions of one replica together. */
export function topicBytes(kafkaLogs: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const folder of readdirSync(kafkaLogs, { withFileTypes: true })) {
    const topic = /^(.+)-\d+$/.exec(folder.name)?.[1];
    if (!folder.isDirectory() || topic === undefined) continue;
    const path = join(kafkaLogs, folder.name);
    const segments = readdirSync(path).filter((file) => file.endsWith('.log'));
    const sum = segments.reduce((all, file) => all + statSync(join(path, file)).size, 0);
    bytes.set(topic, (bytes.get(topic) ?? 0) + sum);
  }
  return bytes;
}

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
