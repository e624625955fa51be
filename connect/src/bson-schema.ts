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

function translated(schema: JsonSchema): Document {
  switch (schema.type) {
    case 'string':
      return { bsonType: schema.format === 'date-time' ? 'date' : 'string' };
    case 'integer':
      // zod adds the bounds of what a JavaScript number holds exactly.
      return { bsonType: ['int', 'long'], ...(schema.minimum === 0 && { minimum: 0 }) };
    case 'object':
      return {
        bsonType: 'object',
        ...(schema.required && { required: schema.required }),
        ...(schema.properties && {
          properties: Object.fromEntries(
            Object.entries(schema.properties).map(([name, one]) => [name, translated(one as JsonSchema)]),
          ),
        }),
      };
    default:
      throw new Error(`documents have no translation of the type ${JSON.stringify(schema.type)}`);
  }
}
