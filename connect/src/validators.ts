// The validators of the collections: what every document must have, so that a sink set up wrong is
// stopped at its first write. The types are those of the topics' schemas, with times as the dates that the
// sink makes of them. Only fields that every document has had since the first version are named: the sink may
// write old records again. Fields may be added freely. A delete marker needs nothing but its date.
import {
  auditRecord,
  enrichedLog,
  globalCountSchema,
  ledgerEntrySchema,
  marker,
  userActivitySchema,
  windowCountSchema,
  type collections,
} from '@activity/contracts';
import type { Document } from 'mongodb';
import { z } from 'zod';
import { bsonTypesOf } from './bson-schema.ts';

/** What every document is, or a marker of its deletion instead. The `_id` is that of both. */
function documentOrMarker(_id: z.ZodType, document: z.ZodObject): Document {
  return {
    ...bsonTypesOf(z.object({ _id })),
    $or: [document, marker.pick({ deletedAt: true })].map((either) => bsonTypesOf(either)),
  };
}

/** The validator of each collection. */
export const validators: Record<keyof typeof collections, Document> = {
  // The marker of an erasure has an `_id` below 0.
  logs: documentOrMarker(
    z.number().int(),
    enrichedLog.pick({
      eventId: true,
      userId: true,
      activityType: true,
      timestamp: true,
      receivedAt: true,
      createdAt: true,
    }),
  ),
  counts: documentOrMarker(
    windowCountSchema.shape._id,
    windowCountSchema.pick({
      userId: true,
      size: true,
      windowStart: true,
      windowEnd: true,
      total: true,
      byType: true,
    }),
  ),
  users: documentOrMarker(
    userActivitySchema.shape._id,
    userActivitySchema.pick({ userId: true, total: true, byType: true, firstSeen: true, lastSeen: true }),
  ),
  globalCounts: documentOrMarker(
    globalCountSchema.shape._id,
    globalCountSchema.pick({ size: true, windowStart: true, windowEnd: true, total: true, byType: true }),
  ),
  ledger: documentOrMarker(
    ledgerEntrySchema.shape._id,
    ledgerEntrySchema.pick({
      partition: true,
      firstOffset: true,
      lastOffset: true,
      enriched: true,
      duplicate: true,
      deadLettered: true,
      command: true,
    }),
  ),
  audit: bsonTypesOf(auditRecord.pick({ _id: true, at: true, actor: true, target: true })),
};
