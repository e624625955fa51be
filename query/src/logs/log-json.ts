// A stored log as the API shows it.
import { enrichedLog, type EnrichedLog } from '@activity/contracts';
import type { z } from 'zod';

type Times = 'timestamp' | 'createdAt' | 'receivedAt' | 'expiresAt';

/** A log document as the sink writes it: dates where the topic has ISO strings. */
export interface LogDocument extends Omit<EnrichedLog, Times | 'metadata'> {
  metadata?: Record<string, unknown>;
  timestamp: Date;
  createdAt: Date;
  receivedAt?: Date;
  expiresAt?: Date;
  deletedAt?: Date;
}

/** A log in an answer. */
export interface LogJson extends Omit<EnrichedLog, 'receivedAt'> {
  receivedAt?: string;
}

type Field = keyof EnrichedLog;

const fields = Object.keys(enrichedLog.shape) as Field[];

/** The fields that a log may have or not: those that the processor adds. */
const addedFields = fields.filter((name) => enrichedLog.shape[name].isOptional() && name !== 'expiresAt');

/** The fields of {@link LogDocument} that an answer needs, as a projection. */
export const logProjection = Object.fromEntries(fields.map((name) => [name, 1])) as Record<Field, 1>;

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
  if (document.expiresAt !== undefined) log.expiresAt = document.expiresAt.toISOString();
  for (const name of addedFields) {
    if (document[name] !== undefined) Object.assign(log, { [name]: document[name] });
  }
  return log;
}

/** {@link LogJson} for the OpenAPI document. */
export const logSchema: z.ZodObject = enrichedLog.extend({
  timestamp: enrichedLog.shape.timestamp.describe('When it happened'),
  receivedAt: enrichedLog.shape.receivedAt.optional().describe('When the edge took it'),
});
