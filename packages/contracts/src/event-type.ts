// The catalogue of event types: the records of the types topic, and what clients may put there.
import { z } from 'zod';
import { typeName } from './type-name.ts';

/** What is done about metadata that its type's schema refuses: nothing, a mark, or 422. */
export const typeModes = ['off', 'warn', 'strict'] as const;
/** One of them. */
export type TypeMode = (typeof typeModes)[number];

/** The largest JSON Schema of a type, in bytes of its JSON. */
export const maxSchemaBytes = 32_768;
/** How many versions of a type are kept with their schemas; older ones are forgotten. */
export const keptVersions = 20;
/** How many types the catalogue takes. */
export const maxTypes = 2_000;

const time = z.iso.datetime({ precision: 3 });
const by = z.string().max(200).describe('The id of the API key; `anonymous` where no keys are used');

/** A JSON Schema (2020-12), as it was put. */
export const metadataSchema = z
  .union([z.boolean(), z.record(z.string(), z.unknown())], {
    error: 'must be a JSON Schema: an object, true or false',
  })
  .describe('A JSON Schema (2020-12) of the metadata');

/** One version of a type. */
export const eventTypeVersion = z.object({
  version: z.number().int().min(1),
  schema: metadataSchema.optional().describe('Absent: any metadata is right'),
  createdAt: time,
  by,
});
export type EventTypeVersion = z.infer<typeof eventTypeVersion>;

/** What whoever owns a type says of it. */
const said = {
  mode: z.enum(typeModes).describe('Whether metadata is checked: `off`, `warn` or `strict`'),
  description: z.string().max(2_000).optional(),
  owner: z.string().max(200).optional().describe('A person or a team'),
  retentionDays: z
    .number()
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .describe('How long logs of the type are kept, in days of event time'),
};

/**
 * A registered type: the value of a record of the types topic, whose key is the name. Everything of a type is
 * in one record, so that compaction keeps all of it.
 */
export const eventType = z.object({
  name: typeName,
  ...said,
  /** Grows with every change; the type's ETag. */
  revision: z.number().int().min(1),
  /** The last is in force. */
  versions: z.array(eventTypeVersion).min(1),
  createdAt: time,
  updatedAt: time,
  by,
});
export type EventType = z.infer<typeof eventType>;

/** What stays of a type that was deleted: the numbers that its next version goes on from. */
export const deletedType = z.object({
  name: typeName,
  deletedAt: time,
  by,
  revision: z.number().int().min(1),
  lastVersion: z.number().int().min(1),
});
export type DeletedType = z.infer<typeof deletedType>;

/** A record of the types topic. */
export const typeRecord = z.union([eventType, deletedType]);
export type TypeRecord = z.infer<typeof typeRecord>;

/** What clients put. A field that is absent stays as it is, or has its default in a new type. */
export const eventTypeInput = z.strictObject({
  schema: metadataSchema.nullable().optional().describe('`null`: any metadata is right'),
  mode: said.mode.optional(),
  description: said.description.unwrap().nullable().optional(),
  owner: said.owner.unwrap().nullable().optional(),
  retentionDays: said.retentionDays.unwrap().nullable().optional(),
});
export type EventTypeInput = z.infer<typeof eventTypeInput>;

/** The version of a type that is in force. */
export function currentVersion({ versions }: EventType): EventTypeVersion {
  return versions.at(-1) as EventTypeVersion;
}

/** Whether a record of the types topic is of a type that was deleted. */
export function isDeleted(record: TypeRecord): record is DeletedType {
  return 'deletedAt' in record;
}
