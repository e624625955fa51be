// Reads of the logs and users collections. Delete markers are never seen; every read has a time limit.
import type { Collection, Filter } from 'mongodb';
import type { LogDocument } from './log-json.ts';
import { logProjection } from './log-json.ts';

/** A user's document: absolute counts, and whatever later versions of the processor add. */
export interface UserDocument {
  _id: string;
  userId: string;
  deletedAt?: Date;
  [field: string]: unknown;
}

/** Which logs are asked for. */
export interface LogFilter {
  userId?: string | undefined;
  activityType?: string | undefined;
}

/** One page of logs, and how many there are in all. */
export interface LogPage {
  logs: LogDocument[];
  total: number;
}

/** What the routes read. */
export interface LogStore {
  page: (filter: LogFilter, page: number, limit: number) => Promise<LogPage>;
  /** By `_id` where the text is one that exists, else the newest with that `eventId`. */
  find: (idOrEventId: string, userId: string | undefined) => Promise<LogDocument | undefined>;
  user: (userId: string) => Promise<UserDocument | undefined>;
}

/** The collections that are read. */
export interface StoreOptions {
  logs: Collection<LogDocument>;
  users: Collection<UserDocument>;
  readTimeoutMs: number;
}

const newestFirst = { timestamp: -1, _id: -1 } as const;

/** The store on MongoDB. */
export function createLogStore({ logs, users, readTimeoutMs }: StoreOptions): LogStore {
  const maxTimeMS = readTimeoutMs; // the driver's own timeoutMS has no effect any more

  async function newest(filter: Filter<LogDocument>): Promise<LogDocument | undefined> {
    const options = { maxTimeMS, sort: newestFirst, projection: logProjection };
    return (await logs.findOne({ ...filter, deletedAt: { $exists: false } }, options)) ?? undefined;
  }

  return {
    async page(filter, page, limit) {
      const query = logFilter(filter);
      const [found, total] = await Promise.all([
        logs
          .find(query, {
            maxTimeMS,
            projection: logProjection,
            sort: newestFirst,
            skip: (page - 1) * limit,
            limit,
          })
          .toArray(),
        logs.countDocuments(query, { maxTimeMS }),
      ]);
      return { logs: found, total };
    },

    async find(idOrEventId, userId) {
      const user = userId === undefined ? {} : { userId };
      const id = /^\d{1,16}$/.test(idOrEventId) ? Number(idOrEventId) : undefined;
      const byId = id === undefined ? undefined : await newest({ _id: id, ...user });
      return byId ?? (await newest({ eventId: idOrEventId, ...user }));
    },

    async user(userId) {
      // lastId is the eraser's: which logs the counts are of.
      const options = { maxTimeMS, projection: { lastId: 0 } };
      const found = await users.findOne({ _id: userId, deletedAt: { $exists: false } }, options);
      return found ?? undefined;
    },
  };
}

function logFilter({ userId, activityType }: LogFilter): Filter<LogDocument> {
  return {
    ...(userId === undefined ? {} : { userId }),
    ...(activityType === undefined ? {} : { activityType }),
    deletedAt: { $exists: false },
  };
}
