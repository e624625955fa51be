// What the real pipeline holds in the end, in the oracle's words.
import { collections } from '@activity/contracts';
import type { Db, Document } from 'mongodb';
import type { Expected } from '../../../processor/src/testing/oracle.ts';

/** The part of the oracle's answer that MongoDB can be asked for; rolling counts depend on when one looks. */
export type Stored = Pick<Expected, 'logs' | 'counts' | 'users' | 'minutes'>;

function line(...words: readonly unknown[]): string {
  return words.map(String).join(' ');
}

function milliseconds(date: unknown): number {
  return date instanceof Date ? date.getTime() : Number.NaN;
}

async function linesOf(db: Db, collection: string, write: (document: Document) => string): Promise<string[]> {
  const documents = await db
    .collection(collection)
    .find({ deletedAt: { $exists: false } })
    .toArray();
  return documents.map(write).toSorted();
}

/** Reads MongoDB. */
export async function readStored(db: Db): Promise<Stored> {
  const [logs, counts, users, minutes] = await Promise.all([
    linesOf(db, collections.logs, ({ _id, userId, eventId, activityType, timestamp, late }) =>
      line(
        _id,
        [userId, eventId, activityType].join('/'),
        milliseconds(timestamp),
        ...(late === true ? ['late'] : []),
      ),
    ),
    linesOf(db, collections.counts, ({ _id, total }) => line(_id, total)),
    linesOf(db, collections.users, ({ _id, total, firstSeen, lastSeen }) =>
      line(_id, total, milliseconds(firstSeen), milliseconds(lastSeen)),
    ),
    linesOf(db, collections.globalCounts, ({ _id, total }) => line(_id, total)),
  ]);
  return { logs, counts, users, minutes };
}

/** The oracle's answer without what depends on when one looks. */
export function storedOf({ logs, counts, users, minutes }: Expected): Stored {
  const lasting = users.map((user) => {
    const [name, total, , first, last] = user.split(' ');
    return line(name, total, first, last);
  });
  return { logs, counts, users: lasting.toSorted(), minutes };
}
