// What the real pipeline holds in the end, in the oracle's words.
import { collections } from '@activity/contracts';
import type { Db, Document } from 'mongodb';
import { addedUp } from '@activity/processor/testing/added-up';
import type { Expected } from '@activity/processor/testing/oracle';

/** The part of the oracle's answer that MongoDB can be asked for; rolling counts depend on when one looks. */
export type Stored = Pick<Expected, 'logs' | 'counts' | 'everyone' | 'users' | 'minutes'>;

function line(...words: readonly unknown[]): string {
  return words.map(String).join(' ');
}

function milliseconds(date: unknown): number {
  return date instanceof Date ? date.getTime() : Number.NaN;
}

async function documentsOf(db: Db, collection: string): Promise<Document[]> {
  return db
    .collection(collection)
    .find({ deletedAt: { $exists: false } })
    .toArray();
}

async function linesOf(db: Db, collection: string, write: (document: Document) => string): Promise<string[]> {
  return (await documentsOf(db, collection)).map(write).toSorted();
}

/** Reads MongoDB. */
export async function readStored(db: Db): Promise<Stored> {
  const [logs, windows, users, ofAll] = await Promise.all([
    linesOf(db, collections.logs, ({ _id, userId, eventId, activityType, timestamp, late }) =>
      line(
        _id,
        [userId, eventId, activityType].join('/'),
        milliseconds(timestamp),
        ...(late === true ? ['late'] : []),
      ),
    ),
    documentsOf(db, collections.counts),
    linesOf(db, collections.users, ({ _id, total, firstSeen, lastSeen }) =>
      line(_id, total, milliseconds(firstSeen), milliseconds(lastSeen)),
    ),
    documentsOf(db, collections.globalCounts),
  ]);
  const { counts, everyone } = addedUp(windows, ofAll);
  const minutes = ofAll.map(({ _id, total }) => line(_id, total)).toSorted();
  return { logs, counts, everyone, users, minutes };
}

/** The oracle's answer without what depends on when one looks. */
export function storedOf({ logs, counts, everyone, users, minutes }: Expected): Stored {
  const lasting = users.map((user) => {
    const [name, total, , first, last] = user.split(' ');
    return line(name, total, first, last);
  });
  return { logs, counts, everyone, users: lasting.toSorted(), minutes };
}
