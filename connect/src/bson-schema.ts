// From a topic's schema to a validator of MongoDB: the BSON types that the sink makes of JSON.
import type { Document } from 'mongodb';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.JSONSchema;

/**
 * The types of a document's own fields, all of which it must have. What is in a field that is an object, and
 * lengths, patterns and lists of values are left out: they are checked before a record is written to a topic,
 * and may change between versions. A `$jsonSchema` that says the same costs MongoDB several times as much.
 * @throws Error for a type that no document has so far.
 */
export function bsonTypesOf(schema: z.ZodObject): Document {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, { $type: typeOf(one as JsonSchema) }]),
  );
}

function typeOf({ type, format }: JsonSchema): string | string[] {
  if (type === 'string') return format === 'date-time' ? 'date' : 'string';
  if (type === 'integer') return ['int', 'long'];
  if (type === 'object') return 'object';
  throw new Error(`documents have no translation of the type ${JSON.stringify(type)}`);
}
