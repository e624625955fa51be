// The records of the derived topics, which are the documents of the collections they are copied into.
import { z } from 'zod';
import { activityEvent } from './activity-event.ts';

/** Collections of the database that the sink fills, by what they hold. */
export const collections = {
  logs: 'logs',
  counts: 'counts',
  users: 'users',
  globalCounts: 'globalCounts',
  ledger: 'ledger',
  audit: 'audit',
} as const;

/**
 * Indexes of the logs that readers name: which one is best, MongoDB finds out with the first values, and
 * keeps to it with all others.
 */
export const typeIndexes = { ofAll: 'type_newest', ofUser: 'user_type_newest' } as const;

/** The index of the logs that the schema of their type refuses. MongoDB does not choose it by itself. */
export const violationsIndex = 'violations';

/** The index of the logs that have an end, by which MongoDB removes them. */
export const logExpiryIndex = 'expiry';

/** The collection of the eraser's receipts. */
export const receiptsCollection = 'erasures';
/** The collection of the numbers of the logs that the eraser has removed. */
export const erasedLogsCollection = 'erasedLogs';

/** The collection that says how fresh each of the others is. */
export const freshnessCollection = 'freshness';

/** How fresh one collection is: a document of the freshness collection, which the supervisor writes. */
export interface Freshness {
  /** The collection's name. */
  _id: string;
  /**
   * Everything that the edge acknowledged before this moment is in the collection;
   * grows. Absent until it is known.
   */
  asOf?: Date;
  /**
   * Where the raw topic ended then, by partition: what came of the records before is in the collection.
   * Grows; absent until it is known.
   */
  final?: number[];
  /** The collection is written again from an older position: until that has ended nothing is known of it. */
  catchingUp: boolean;
  /** The database was lost, and nobody has set the sink back yet. */
  lost: boolean;
  /** The ids of the raw topic and of the connector's: what is known of others is not true of these. */
  source: string;
  /**
   * What the processor and the connector had committed then, by partition: a smaller position means that they
   * read again.
   */
  raw: number[];
  sink: number[];
}

/** The document of the freshness collection that lists losses. */
export const lossesId = 'losses';

/**
 * Records that retention deleted before they were read: the offsets from `from` to before `to`, markers of
 * transactions among them.
 */
export interface Loss {
  topic: string;
  /** What the topic's records become: documents of a collection; of raw records, everything. */
  of: keyof typeof collections | 'raw';
  partition: number;
  from: number;
  to: number;
  /** The consumer group that had not read them. */
  reader: string;
  noticedAt: Date;
}

/** What the supervisor knows of losses: a document of the freshness collection. */
export interface Losses {
  _id: typeof lossesId;
  /** How far each topic, by its id, was read or is gone, by partition. */
  read: { topic: string; offsets: number[] }[];
  /** The newest last. */
  losses: Loss[];
}

const time = z.iso.datetime({ precision: 3 });
const count = z.number().int().min(0);

/** What the user agent of an event says. */
export const clientSchema = z.object({
  browser: z.string().optional(),
  os: z.string().optional(),
  /** `desktop`, `mobile`, `tablet`, `tv` and others. */
  device: z.string().optional(),
});
export type Client = z.infer<typeof clientSchema>;

/** What the address of an event says: its version, and its network without its end (/24 or /48). */
export const addressSchema = z.object({
  version: z.union([z.literal(4), z.literal(6)]),
  prefix: z.string(),
});
export type Address = z.infer<typeof addressSchema>;

/** Where an address is, by the database that was given. */
export const placeSchema = z.object({ country: z.string().optional(), city: z.string().optional() });
export type Place = z.infer<typeof placeSchema>;

/** Where a page view came from. */
export const pageSourceSchema = z.object({
  referrer: z.string().optional(),
  source: z.string().optional(),
  medium: z.string().optional(),
  campaign: z.string().optional(),
  term: z.string().optional(),
  content: z.string().optional(),
});
export type PageSource = z.infer<typeof pageSourceSchema>;

/**
 * One stored log: the value of an enriched record that is no marker. Times are ISO-8601 strings in Kafka,
 * dates in MongoDB.
 */
export const enrichedLog = z.object({
  ...activityEvent.omit({ timestampGiven: true, timestampCorrected: true, sender: true }).shape,
  // From the raw record's position: see `logId`.
  _id: count.describe('The log’s number: unique, and growing within a user'),
  createdAt: time.describe('When the processor made it'),
  expiresAt: time
    .optional()
    .describe(
      'When it is removed, by the retention of logs; absent: never. One that has expired when it is made has no metadata: drop what you hold of it',
    ),
  late: z.literal(true).optional().describe('It is in no minute count: it came too late'),
  clamped: z
    .literal(true)
    .optional()
    .describe('Its clock was too far ahead: the timestamp is the latest that was believed'),
  receivedAtCorrected: z
    .literal(true)
    .optional()
    .describe('The edge’s clock was ahead of Kafka’s: receivedAt is Kafka’s'),
  timestampCorrected: z
    .literal(true)
    .optional()
    .describe('The client’s clock was wrong: its error was taken out of the timestamp'),
  session: count
    .optional()
    .describe(
      'The session: the lowest `_id` of its logs. A log that comes late may join sessions; the lower number stays',
    ),
  client: clientSchema.optional(),
  bot: z.boolean().optional().describe('The user agent is a known robot’s'),
  address: addressSchema.optional(),
  place: placeSchema.optional(),
  page: pageSourceSchema.optional(),
});
export type EnrichedLog = z.infer<typeof enrichedLog>;

/** Stands where something was deleted; it replaces the document, and readers hide it. */
export const marker = z.object({
  /** Of what is deleted; below 0 for the one that an erasure leaves behind a user's logs: see `fenceId`. */
  _id: z.union([z.number().int(), z.string()]),
  deletedAt: time,
  /** The command that deleted it: its own log id. */
  by: count,
});
export type Marker = z.infer<typeof marker>;

/**
 * Sessions of a user that have become one, because a log came late between them. It stands for no log: for
 * who does not know it, it is a marker of a number that no log has.
 */
export const sessionMerge = z.object({
  // See `fenceId`: of the log that came between them.
  _id: z.number().int().max(-1),
  deletedAt: time.describe('When the edge received the log that came between them'),
  by: count.describe('The `_id` of the log that came between them'),
  merge: z.object({
    userId: z.string(),
    session: count.describe('The number that stays, the lowest'),
    merged: z
      .array(count)
      .min(1)
      .describe('The numbers that are no more: their logs have the one that stays'),
    from: time.describe('The `timestamp` of the first log whose number changes'),
    to: time.describe('The `timestamp` of the last log whose number changes'),
  }),
});
export type SessionMerge = z.infer<typeof sessionMerge>;

/** Counts by activity type. */
const countsByType = z
  .record(z.string(), count)
  .describe('By type: in the names `%`, `.` and `$` are percent-encoded');
export type CountsByType = z.infer<typeof countsByType>;

/**
 * One user's absolute count for one tumbling window, or a late part of it: the value of a counts record that
 * is no marker. The whole count of a window is the sum of its own and of its late parts.
 */
export const windowCountSchema = z.object({
  /**
   * `user|size|windowStart`; a late part has `|late|` and its day behind it,
   * one of all users its partition too.
   */
  _id: z.string(),
  /** Empty in the late parts of all users: see `everyone`. */
  userId: z.string(),
  size: z.enum(['minute', 'hour', 'day', 'late-minute', 'late-hour', 'late-day']),
  windowStart: time,
  windowEnd: time,
  total: count,
  byType: countsByType,
  /** The newest log that went into it. */
  lastId: count,
});
export type WindowCount = z.infer<typeof windowCountSchema>;

/** The absolute count of all users for one minute: the value of a global counts record. */
export const globalCountSchema = z.object({
  /** `minute|windowStart`. */
  _id: z.string(),
  size: z.literal('minute'),
  windowStart: time,
  windowEnd: time,
  total: count,
  byType: countsByType,
  /** What each partition of the raw topic has had, by its number: what the sums are made of. */
  parts: z.record(z.string(), countsByType),
});
export type GlobalCount = z.infer<typeof globalCountSchema>;

/** How many events a user had in the last 5 minutes, hour and 24 hours, when the record was written. */
const rollingCounts = z.object({ last5m: count, last1h: count, last24h: count });
export type RollingCounts = z.infer<typeof rollingCounts>;

/** One user's totals and rolling counts: the value of a users record that is no marker. */
export const userActivitySchema = z.object({
  /** The user id. */
  _id: z.string(),
  userId: z.string(),
  total: count,
  byType: countsByType,
  rolling: rollingCounts,
  firstSeen: time,
  lastSeen: time,
  /** The newest log that went into the totals. */
  lastId: count,
});
export type UserActivity = z.infer<typeof userActivitySchema>;

/** The erasure of a user: the value of an erasures record. */
export const erasureSchema = z.object({
  /** The command's own log id: everything of the user with a smaller one goes. */
  _id: count,
  userId: z.string(),
  requestedAt: time,
  /** When the processor carried it out; the same in the markers that it left in every topic. */
  processedAt: time,
});
export type Erasure = z.infer<typeof erasureSchema>;

/** The classes that raw records fall into, each into exactly one. */
export const ledgerClasses = ['enriched', 'duplicate', 'deadLettered', 'command'] as const;
/** A class of raw records. */
export type LedgerClass = (typeof ledgerClasses)[number];

/** How many raw records of one partition and minute became what: the value of a ledger record. */
export const ledgerEntrySchema = z.object({
  /** `partition|minute`, or `partition|all` for the sum. */
  _id: z.string(),
  partition: count,
  /** By the raw records' own timestamps; the sum has none. */
  minute: time.optional(),
  /** The first and the last raw offset that were counted here. */
  firstOffset: count,
  lastOffset: count,
  enriched: count,
  duplicate: count,
  deadLettered: count,
  command: count,
  /** Of the enriched, those that came late. */
  late: count,
  /** Stored logs that commands of this minute have deleted, one by one. */
  deleted: count,
  /** Users that commands of this minute have erased. */
  erased: count,
  /** In the sum: stored logs that had expired when the entry was written, and were not deleted before. */
  expired: count.optional(),
  /** In an entry of an hour in which logs expire, whose `_id` is `partition|expires|hour`: when that is. */
  expires: time.optional(),
  /** In the same: how many expire then. 0 when they are among the expired of the sum. */
  expiring: count.optional(),
  /** In both: when this processor's count of expiries began. Hours that have another are of one before. */
  expiriesSince: time.optional(),
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

/** What the eraser has done: a document of the receipts collection. */
export interface ErasureReceipt {
  /** The command's own log id. */
  _id: number;
  userId: string;
  requestedAt: Date;
  /** When the logs were gone; absent while the work is under way. */
  erasedAt?: Date;
  /** How many logs were there to erase. */
  logs: number;
  /** Until when each topic still holds the events, by their retention; null: without end. */
  heldUntil: { raw: Date | null; enriched: Date | null; deadLetter: Date | null };
  /** Every place that still holds something of the user; absent in receipts of before. */
  places?: HeldPlace[];
  /** When the receipt itself goes; absent in receipts of before, which stay. */
  expiresAt?: Date;
}

/** A place that still holds something of an erased user. */
export interface HeldPlace {
  /** A topic (`kafka: …`) or a collection (`mongodb: …`). */
  place: string;
  /** `events`: their content; `counts`: how many there were; `id`: the user id alone. */
  holds: 'events' | 'counts' | 'id';
  /** When it is gone at the latest; null: no end is known. */
  until: Date | null;
  /** Why no end is known. */
  why?: string;
}

/**
 * The number of a log that was erased, so that the ledger can tell it from one that a command has deleted.
 */
export interface ErasedLog {
  /** The log's. */
  _id: number;
  /** The `_id` of the receipt that counts it. */
  erasure: number;
  /** A command has deleted it as well, and the ledger counts it there. */
  deleted?: true;
  /** When it would have expired: from then on the ledger counts it there. */
  expiresAt?: Date;
}

/**
 * The date fields of each collection, which the sink turns into BSON dates. `deletedAt` is the one that a
 * delete marker has: a marker replaces the document, hides it from every reader,
 * and is removed by a TTL index.
 */
export const dateFields: Record<keyof typeof collections, readonly string[]> = {
  logs: ['timestamp', 'receivedAt', 'createdAt', 'expiresAt', 'deletedAt'],
  counts: ['windowStart', 'windowEnd', 'deletedAt'],
  users: ['firstSeen', 'lastSeen', 'deletedAt'],
  globalCounts: ['windowStart', 'windowEnd'],
  ledger: ['minute', 'expires', 'expiriesSince'],
  audit: ['at'],
};
