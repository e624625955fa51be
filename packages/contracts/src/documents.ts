// The records of the derived topics, which are the documents of the collections they are copied into.
import { z } from 'zod';
import { activityEvent } from './activity-event.ts';
import type { ActivityEvent } from './activity-event.ts';
import type { LateSize, WindowSize } from './identity.ts';

/** Collections of the database that the sink fills, by what they hold. */
export const collections = {
  logs: 'logs',
  counts: 'counts',
  users: 'users',
  globalCounts: 'globalCounts',
  ledger: 'ledger',
} as const;

/** Indexes of the logs that readers name: which one is best, MongoDB finds out with the first values, and keeps to it with all others. */
export const typeIndexes = { ofAll: 'type_newest', ofUser: 'user_type_newest' } as const;

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
  /** Everything that the edge acknowledged before this moment is in the collection; grows. Absent until it is known. */
  asOf?: Date;
  /** The collection is written again from an older position: until that has ended nothing is known of it. */
  catchingUp: boolean;
  /** The database was lost, and nobody has set the sink back yet. */
  lost: boolean;
  /** The ids of the raw topic and of the connector's: what is known of others is not true of these. */
  source: string;
  /** What the processor and the connector had committed then, by partition: a smaller position means that they read again. */
  raw: number[];
  sink: number[];
}

/** The document of the freshness collection that lists losses. */
export const lossesId = 'losses';

/** Records that retention deleted before they were read: the offsets from `from` to before `to`, markers of transactions among them. */
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

/** What the user agent of an event says. */
export interface Client {
  browser?: string;
  os?: string;
  /** `desktop`, `mobile`, `tablet`, `tv`, … */
  device?: string;
}

/** What the address of an event says: its version, and its network without its end (/24 or /48). */
export interface Address {
  version: 4 | 6;
  prefix: string;
}

/** Where an address is, by the database that was given. */
export interface Place {
  country?: string;
  city?: string;
}

/** Where a page view came from. */
export interface PageSource {
  referrer?: string;
  source?: string;
  medium?: string;
  campaign?: string;
  term?: string;
  content?: string;
}

/** One stored log: the value of an enriched record. Times are ISO-8601 strings in Kafka, dates in MongoDB. */
export interface EnrichedLog extends Omit<ActivityEvent, 'timestampGiven'> {
  /** From the raw record's position: see `logId`. */
  _id: number;
  /** When the processor made this document. */
  createdAt: string;
  /** It came after its minute had closed: it is in no minute count. Hours and days count it all the same. */
  late?: true | undefined;
  /** Its clock was too far ahead: the timestamp is the latest that was believed. */
  clamped?: true | undefined;
  /** It was received at a time after Kafka had it, by a clock that was ahead: `receivedAt` is Kafka's. */
  receivedAtCorrected?: true | undefined;
  /** The `_id` of the first log of the user's session. */
  session?: number | undefined;
  client?: Client | undefined;
  /** The user agent is a known robot's. */
  bot?: boolean | undefined;
  address?: Address | undefined;
  place?: Place | undefined;
  page?: PageSource | undefined;
}

/** Stands where something was deleted; it replaces the document, and readers hide it. */
export interface Marker {
  /** Of what is deleted; below 0 for the one that an erasure leaves behind a user's logs: see `fenceId`. */
  _id: number | string;
  deletedAt: string;
  /** The command that deleted it: its own log id. */
  by: number;
}

/** Counts by activity type. */
export type CountsByType = Record<string, number>;

/**
 * One user's absolute count for one tumbling window, or a late part of it: the value of a counts record. The whole count of a
 * window is the sum of its own and of its late parts.
 */
export interface WindowCount {
  /** `user|size|windowStart`; a late part has `|late|` and its day behind it, one of all users its partition too. */
  _id: string;
  /** Empty in the late parts of all users: see `everyone`. */
  userId: string;
  size: WindowSize | LateSize;
  windowStart: string;
  windowEnd: string;
  total: number;
  byType: CountsByType;
  /** The newest log that went into it. */
  lastId: number;
}

/** The absolute count of all users for one minute: the value of a global counts record. */
export interface GlobalCount {
  /** `minute|windowStart`. */
  _id: string;
  size: 'minute';
  windowStart: string;
  windowEnd: string;
  total: number;
  byType: CountsByType;
  /** What each partition of the raw topic has had, by its number: what the sums are made of. */
  parts: Record<string, CountsByType>;
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
  /** The newest log that went into the totals. */
  lastId: number;
}

/** The erasure of a user: the value of an erasures record. */
export interface Erasure {
  /** The command's own log id: everything of the user with a smaller one goes. */
  _id: number;
  userId: string;
  requestedAt: string;
  /** When the processor carried it out; the same in the markers that it left in every topic. */
  processedAt: string;
}

/** The classes that raw records fall into, each into exactly one. */
export const ledgerClasses = ['enriched', 'duplicate', 'deadLettered', 'command'] as const;
/** A class of raw records. */
export type LedgerClass = (typeof ledgerClasses)[number];

/** How many raw records of one partition and minute became what: the value of a ledger record. */
export interface LedgerEntry {
  /** `partition|minute`, or `partition|all` for the sum. */
  _id: string;
  partition: number;
  /** By the raw records' own timestamps; the sum has none. */
  minute?: string | undefined;
  /** The first and the last raw offset that were counted here. */
  firstOffset: number;
  lastOffset: number;
  enriched: number;
  duplicate: number;
  deadLettered: number;
  command: number;
  /** Of the enriched, those that came late. */
  late: number;
  /** Stored logs that commands of this minute have deleted, one by one. */
  deleted: number;
  /** Users that commands of this minute have erased. */
  erased: number;
}

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
}

/** The number of a log that was erased, so that the ledger can tell it from one that a command has deleted. */
export interface ErasedLog {
  /** The log's. */
  _id: number;
  /** The `_id` of the receipt that counts it. */
  erasure: number;
  /** A command has deleted it as well, and the ledger counts it there. */
  deleted?: true;
}

/**
 * The date fields of each collection, which the sink turns into BSON dates. `deletedAt` is the one that a delete marker has: a
 * marker replaces the document, hides it from every reader, and is removed by a TTL index.
 */
export const dateFields: Record<keyof typeof collections, readonly string[]> = {
  logs: ['timestamp', 'receivedAt', 'createdAt', 'deletedAt'],
  counts: ['windowStart', 'windowEnd', 'deletedAt'],
  users: ['firstSeen', 'lastSeen', 'deletedAt'],
  globalCounts: ['windowStart', 'windowEnd'],
  ledger: ['minute'],
};

const time = z.iso.datetime({ precision: 3 });
const count = z.number().int().min(0);
const countsByType = z.record(z.string(), count);

/** The value of an enriched record that is no marker. */
export const enrichedLog: z.ZodType<EnrichedLog> = z.object({
  ...activityEvent.omit({ timestampGiven: true }).shape,
  _id: count,
  createdAt: time,
  late: z.literal(true).optional(),
  clamped: z.literal(true).optional(),
  receivedAtCorrected: z.literal(true).optional(),
  session: count.optional(),
  client: z.record(z.enum(['browser', 'os', 'device']), z.string().optional()).optional(),
  bot: z.boolean().optional(),
  address: z.object({ version: z.union([z.literal(4), z.literal(6)]), prefix: z.string() }).optional(),
  place: z.record(z.enum(['country', 'city']), z.string().optional()).optional(),
  page: z
    .record(z.enum(['referrer', 'source', 'medium', 'campaign', 'term', 'content']), z.string().optional())
    .optional(),
}) as z.ZodType<EnrichedLog>;

/** The value of a record that deletes. */
export const marker: z.ZodType<Marker> = z.object({
  _id: z.union([z.number().int(), z.string()]),
  deletedAt: time,
  by: count,
});

/** The value of a counts record that is no marker. */
export const windowCountSchema: z.ZodType<WindowCount> = z.object({
  _id: z.string(),
  userId: z.string(),
  size: z.enum(['minute', 'hour', 'day', 'late-minute', 'late-hour', 'late-day']),
  windowStart: time,
  windowEnd: time,
  total: count,
  byType: countsByType,
  lastId: count,
});

/** The value of a global counts record. */
export const globalCountSchema: z.ZodType<GlobalCount> = z.object({
  _id: z.string(),
  size: z.literal('minute'),
  windowStart: time,
  windowEnd: time,
  total: count,
  byType: countsByType,
  parts: z.record(z.string(), countsByType),
});

/** The value of a users record that is no marker. */
export const userActivitySchema: z.ZodType<UserActivity> = z.object({
  _id: z.string(),
  userId: z.string(),
  total: count,
  byType: countsByType,
  rolling: z.object({ last5m: count, last1h: count, last24h: count }),
  firstSeen: time,
  lastSeen: time,
  lastId: count,
});

/** The value of an erasures record. */
export const erasureSchema: z.ZodType<Erasure> = z.object({
  _id: count,
  userId: z.string(),
  requestedAt: time,
  processedAt: time,
});

/** The value of a ledger record. */
export const ledgerEntrySchema: z.ZodType<LedgerEntry> = z.object({
  _id: z.string(),
  partition: count,
  minute: time.optional(),
  firstOffset: count,
  lastOffset: count,
  enriched: count,
  duplicate: count,
  deadLettered: count,
  command: count,
  late: count,
  deleted: count,
  erased: count,
});
