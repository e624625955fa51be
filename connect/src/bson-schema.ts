// From a topic's schema to MongoDB's $jsonSchema: the BSON types that the sink makes of JSON.
import type { Document } from 'mongodb';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.JSONSchema;

/**
 * The types and required fields of a schema's documents. Lengths, patterns and lists of values are left out:
 * they are checked before a record is written to a topic, and may change between versions.
 * @throws Error for a type that no document has so far.
 */
export function bsonSchemaOf(schema: z.ZodType): Document {
  return translated(z.toJSONSchema(schema, { io: 'input' }));
}

function translated({ type, format, minimum, required, properties }: JsonSchema): Document {
  if (type === 'string') return { bsonType: format === 'date-time' ? 'date' : 'string' };
  // zod adds the bounds of what a JavaScript number holds exactly.
  if (type === 'integer') return { bsonType: ['int', 'long'], ...(minimum === 0 && { minimum }) };
  if (type !== 'object') throw new Error(`documents have no translation of the type ${JSON.stringify(type)}`);
  const fields = Object.entries(properties ?? {}).map(([name, one]) => [name, translated(one as JsonSchema)]);
  return {
    bsonType: 'object',
    ...(required && { required }),
    ...(properties && { properties: Object.fromEntries(fields) }),
  };
}
