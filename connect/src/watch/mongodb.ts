// Looks at MongoDB's disk.
import type { Db } from 'mongodb';
import type { Disk } from './metrics.ts';

/** The disk that the database is on; of a sharded one, all of its shards together. */
export async function databaseDisks(db: Db): Promise<Disk[]> {
  const { fsTotalSize, fsUsedSize } = await db.command({ dbStats: 1 });
  if (typeof fsTotalSize !== 'number' || typeof fsUsedSize !== 'number') return [];
  return [
    {
      part: 'mongodb',
      place: db.databaseName,
      freeBytes: fsTotalSize - fsUsedSize,
      sizeBytes: fsTotalSize,
    },
  ];
}
