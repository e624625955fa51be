// A stored log as the API shows it.
import type { EnrichedLog } from '@activity/contracts';

/** A log document as the sink writes it: dates where the topic has ISO strings. */
export interface LogDocument {
  _id: number;
  eventId: string;
  userId: string;
  activityType: string;
  metadata?: Record<string, unknown>;
  timestamp: Date;
  createdAt: Date;
  deletedAt?: Date;
}

/** A log in an answer. */
export type LogJson = Pick<
  EnrichedLog,
  '_id' | 'eventId' | 'userId' | 'activityType' | 'metadata' | 'timestamp' | 'createdAt'
>;

/** The fields of {@link LogDocument} that an answer needs, as a projection. */
export const logProjection = {
  _id: 1,
  eventId: 1,
  userId: 1,
  activityType: 1,
  metadata: 1,
  timestamp: 1,
  createdAt: 1,
} as const;

/** The answer's form of a document. */
export function logJson(document: LogDocument): LogJson {
  return {
    _id: document._id,
    eventId: document.eventId,
    userId: document.userId,
    activityType: document.activityType,
    metadata: document.metadata ?? {},
    timestamp: document.timestamp.toISOString(),
    createdAt: document.createdAt.toISOString(),
  };
}
