// A stored log as the API shows it.
import type { EnrichedLog } from '@activity/contracts';
import { z } from 'zod';

type Times = 'timestamp' | 'createdAt' | 'receivedAt';

/** A log document as the sink writes it: dates where the topic has ISO strings. */
export interface LogDocument extends Omit<EnrichedLog, Times | 'metadata'> {
  metadata?: Record<string, unknown>;
  timestamp: Date;
  createdAt: Date;
  receivedAt?: Date;
  deletedAt?: Date;
}

/** A log in an answer. */
export interface LogJson extends Omit<EnrichedLog, 'receivedAt'> {
  receivedAt?: string;
}

/** The fields that the processor may have added. */
export const addedFields = [
  'session',
  'client',
  'bot',
  'address',
  'place',
  'page',
  'late',
  'clamped',
  'receivedAtCorrected',
] as const;

/** The fields of {@link LogDocument} that an answer needs, as a projection. */
export const logProjection = {
  _id: 1,
  eventId: 1,
  userId: 1,
  activityType: 1,
  metadata: 1,
  timestamp: 1,
  createdAt: 1,
  receivedAt: 1,
  ...(Object.fromEntries(addedFields.map((name) => [name, 1])) as Record<(typeof addedFields)[number], 1>),
} as const;

/** The answer's form of a document. */
export function logJson(document: LogDocument): LogJson {
  const log: LogJson = {
    _id: document._id,
    eventId: document.eventId,
    userId: document.userId,
    activityType: document.activityType,
    metadata: document.metadata ?? {},
    timestamp: document.timestamp.toISOString(),
    createdAt: document.createdAt.toISOString(),
  };
  if (document.receivedAt !== undefined) log.receivedAt = document.receivedAt.toISOString();
  for (const name of addedFields) {
    if (document[name] !== undefined) Object.assign(log, { [name]: document[name] });
  }
  return log;
}

/** {@link LogJson} for the OpenAPI document. */
export const logSchema: z.ZodObject = z.object({
  _id: z.number().int().describe('The log’s number: unique, and growing within a user'),
  eventId: z.string(),
  userId: z.string(),
  activityType: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime().describe('When it happened'),
  createdAt: z.iso.datetime().describe('When the processor made it'),
  receivedAt: z.iso.datetime().optional().describe('When the edge took it'),
  session: z.number().int().optional().describe('The `_id` of the first log of the session'),
  client: z
    .object({ browser: z.string().optional(), os: z.string().optional(), device: z.string().optional() })
    .optional(),
  bot: z.boolean().optional(),
  address: z.object({ version: z.union([z.literal(4), z.literal(6)]), prefix: z.string() }).optional(),
  place: z.object({ country: z.string().optional(), city: z.string().optional() }).optional(),
  page: z.record(z.string(), z.string()).optional(),
  late: z.literal(true).optional().describe('It is in no minute count: it came too late'),
  clamped: z.literal(true).optional().describe('Its clock was ahead'),
  receivedAtCorrected: z
    .literal(true)
    .optional()
    .describe('The edge’s clock was ahead of Kafka’s: receivedAt is Kafka’s'),
});
