// The records of the derived topics, which are the documents of the collections they are copied into.
import type { ActivityEvent } from './activity-event.ts';
import type { WindowSize } from './identity.ts';

/** Collections of the database, by what they hold. */
export const collections = { logs: 'logs', counts: 'counts', users: 'users' } as const;

/** One stored log: the value of an enriched record. Times are ISO-8601 strings in Kafka, dates in MongoDB. */
export interface EnrichedLog extends ActivityEvent {
  /** From the raw record's position: see `logId`. */
  _id: number;
  /** When the processor made this document. */
  createdAt: string;
}

/** Counts by activity type. */
export type CountsByType = Record<string, number>;

/** One user's absolute count for one tumbling window: the value of a counts record. */
export interface WindowCount {
  /** `user|size|windowStart`. */
  _id: string;
  userId: string;
  size: WindowSize;
  windowStart: string;
  windowEnd: string;
  total: number;
  byType: CountsByType;
}

/** How many events a user has had in the last so much time, as of when the record was written. */
export interface RollingCounts {
  last5m: number;
  last1h: number;
  last24h: number;
}

/** One user's totals and rolling counts: the value of a users record. */
export interface UserActivity {
  /** The user id. */
  _id: string;
  userId: string;
  total: number;
  byType: CountsByType;
  rolling: RollingCounts;
  firstSeen: string;
  lastSeen: string;
}

/**
 * The date fields of each collection, which the sink turns into BSON dates. `deletedAt` is the one that a delete marker has: a
 * marker replaces the document, hides it from every reader, and is removed by a TTL index.
 */
export const dateFields: Record<keyof typeof collections, readonly string[]> = {
  logs: ['timestamp', 'receivedAt', 'createdAt', 'deletedAt'],
  counts: ['windowStart', 'windowEnd', 'deletedAt'],
  users: ['firstSeen', 'lastSeen', 'deletedAt'],
};
