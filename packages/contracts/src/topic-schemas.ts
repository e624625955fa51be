// The schema of each topic's values, and the same as JSON Schema for
// those who read the topics in other languages.
import { z } from 'zod';
import { auditRecord } from './audit-record.ts';
import {
  enrichedLog,
  erasureSchema,
  globalCountSchema,
  ledgerEntrySchema,
  marker,
  sessionMerge,
  userActivitySchema,
  windowCountSchema,
} from './documents.ts';
import { typeRecord } from './event-type.ts';
import { rawRecord } from './raw-record.ts';
import { defaultTopics, type Topics } from './topics.ts';

/**
 * The topics whose values are JSON for readers; dead letters hold whatever could not be processed, decisions
 * are bits.
 */
export type SchemaTopic = Exclude<keyof Topics, 'decisions' | 'deadLetter' | 'sinkDeadLetter'>;

/** The values of each topic, with a description for the readers of the JSON Schema. */
export const topicSchemas = {
  raw: rawRecord.describe(
    'An event as the edge accepted it, or a command that deletes. Key: the userId; none for the command that deletes one log.',
  ),
  enriched: z
    .union([enrichedLog, sessionMerge, marker])
    .describe(
      'A log as it is stored, the marker of a deleted one, or sessions that have become one. Key: the userId; the log’s number for markers.',
    ),
  counts: z
    .union([windowCountSchema, marker])
    .describe('The absolute count of a user’s window, or the marker of an erased one. Key: its _id.'),
  users: z
    .union([userActivitySchema, marker])
    .describe('A user’s totals and rolling counts, or the marker of an erased user. Key: the userId.'),
  globalCounts: globalCountSchema.describe('The absolute count of all users for a minute. Key: its _id.'),
  erasures: erasureSchema.describe('A user that was erased. Key: the userId.'),
  types: typeRecord.describe(
    'A registered type of the catalogue, or what stays of one that was deleted. Key: its name.',
  ),
  ledger: ledgerEntrySchema.describe(
    'What became of the raw records of a partition, in a minute or in all. Key: its _id.',
  ),
  audit: auditRecord.describe('A change of keys or types, or a deletion. Key: the kind of what was changed.'),
} satisfies Record<SchemaTopic, z.ZodType>;

/** The value of a topic's records. */
export type TopicValue<Topic extends SchemaTopic> = z.output<(typeof topicSchemas)[Topic]>;

/** The JSON Schema (2020-12) of a topic's values. Fields that it does not name may be added at any time. */
export function jsonSchemaOf(topic: SchemaTopic): object {
  const { $schema, description, ...schema } = z.toJSONSchema(topicSchemas[topic], { io: 'input' });
  return { $schema, title: defaultTopics[topic], description, ...schema };
}
