// JSON-schema validators of the collections: what every document must have, so that a sink set up wrong is
// stopped at its first write. Fields may be added freely. A delete marker needs nothing but its date.
import type { collections } from '@activity/contracts';
import type { Document } from 'mongodb';

const marker = { required: ['deletedAt'], properties: { deletedAt: { bsonType: 'date' } } };
const whole = { bsonType: ['int', 'long'], minimum: 0 };
const date = { bsonType: 'date' };
const text = { bsonType: 'string' };

function documentOrMarker(id: Document, properties: Record<string, Document>): Document {
  return {
    bsonType: 'object',
    properties: { _id: id },
    anyOf: [{ required: Object.keys(properties), properties }, marker],
  };
}

/** The validator of each collection. */
export const validators: Record<keyof typeof collections, Document> = {
  logs: documentOrMarker(
    { bsonType: ['int', 'long'] },
    { eventId: text, userId: text, activityType: text, timestamp: date, receivedAt: date, createdAt: date },
  ),
  counts: documentOrMarker(text, {
    userId: text,
    size: text,
    windowStart: date,
    windowEnd: date,
    total: whole,
    byType: { bsonType: 'object' },
  }),
  users: documentOrMarker(text, {
    userId: text,
    total: whole,
    byType: { bsonType: 'object' },
    firstSeen: date,
    lastSeen: date,
  }),
  globalCounts: documentOrMarker(text, {
    size: text,
    windowStart: date,
    windowEnd: date,
    total: whole,
    byType: { bsonType: 'object' },
  }),
  ledger: documentOrMarker(text, {
    partition: whole,
    firstOffset: whole,
    lastOffset: whole,
    enriched: whole,
    duplicate: whole,
    deadLettered: whole,
    command: whole,
  }),
};
