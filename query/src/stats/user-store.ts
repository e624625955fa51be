// Reads of the users collection.
import { namedCounts } from '@activity/contracts';
import type { Collection, Filter } from 'mongodb';
import type { Reads } from '../reads/reads.ts';

/** A user's document: absolute counts, and whatever later versions of the processor add. */
export interface UserDocument {
  _id: string;
  userId: string;
  total?: number;
  byType?: Record<string, number>;
  lastSeen?: Date;
  deletedAt?: Date;
  [field: string]: unknown;
}

/** What is read of users. */
export interface UserStore {
  find: (userId: string) => Promise<UserDocument | undefined>;
}

/** The store on MongoDB. */
export function createUserStore(reads: Reads, users: Collection<UserDocument>): UserStore {
  return {
    async find(userId) {
      const filter = { _id: userId, deletedAt: { $exists: false } } as Filter<UserDocument>;
      // lastId is the eraser's: which logs the counts are of.
      const [found] = await reads.find('users.find', users, filter, { projection: { lastId: 0 }, limit: 1 });
      return found?.byType === undefined ? found : { ...found, byType: namedCounts(found.byType) };
    },
  };
}
