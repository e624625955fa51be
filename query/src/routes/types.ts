// GET /api/types: the catalogue of event types, with figures.
import {
  currentVersion,
  eventType,
  eventTypeVersion,
  jsonSchemaOf,
  metadataSchema,
  typeName,
} from '@activity/contracts';
import type { KnownType } from '@activity/catalogue';
import { plainError, validationError } from '@activity/service';
import { z } from 'zod';
import { failed, route } from '../http/route.ts';
import type { Answer, Route } from '../http/route.ts';
import type { Catalogue } from '../types/type-names.ts';
import type { TypeFigures, TypeReads } from '../types/type-figures.ts';
import { asOfSchema } from './stats.ts';

/** What the routes need. */
export interface TypeRoutesDeps {
  catalogue: Pick<Catalogue, 'types' | 'get' | 'isBuiltIn' | 'isRead'>;
  reads: TypeReads;
  /** UNKNOWN_TYPES. */
  unknown: 'refuse' | 'take';
}

const figures = {
  last24h: z.number().int().describe('Events of the last 24 hours'),
  last30d: z.number().int().describe('Events of the last 30 days'),
  lastSeen: z.iso.datetime().nullable().describe('The time of the newest stored event'),
  violations: z.number().int().describe('Stored events that a schema, in the mode `warn`, has refused'),
};

const { name, mode, description, owner, retentionDays, revision, createdAt, updatedAt, by } = eventType.shape;
const listed = z.object({
  name,
  registered: z.boolean(),
  builtIn: z.boolean().describe('ACTIVITY_TYPES registers it'),
  mode,
  version: z.number().int().describe('0 where the catalogue has no entry of it'),
  schema: metadataSchema.optional(),
  description,
  owner,
  retentionDays,
  revision: revision.optional(),
  createdAt: createdAt.optional(),
  updatedAt: updatedAt.optional(),
  by: by.optional(),
  ...figures,
  fields: z
    .array(z.string())
    .optional()
    .describe('Of a type that is not registered: fields of the metadata of its newest events'),
});

const list = z.object({
  types: z.array(listed).describe('The registered ones, then those that were seen and are not'),
  unknownTypes: z.enum(['refuse', 'take']).describe('What happens to events of other types'),
  catalogueRead: z.boolean().describe('False until the catalogue has been read: types may be missing'),
  asOf: asOfSchema,
});

const one = listed.extend({ versions: z.array(eventTypeVersion) });

/** For how many types that are not registered fields are looked up. */
const mostSampled = 50;

/** The routes that read the catalogue. */
export function typeRoutes({ catalogue, reads, unknown }: TypeRoutesDeps): Route[] {
  function described(type: KnownType, found: TypeFigures): z.output<typeof listed> {
    const { type: entry, version, mode: how } = type;
    return {
      name: type.name,
      registered: true,
      builtIn: catalogue.isBuiltIn(type.name),
      mode: how,
      version,
      ...(entry !== undefined && detailsOf(entry)),
      ...figuresOf(type.name, found),
    };
  }

  /** The types that were seen and are not registered. */
  function unregistered(found: TypeFigures): string[] {
    return [...found.lastSeen.keys()].filter((seen) => catalogue.get(seen) === undefined);
  }

  /** One of them; `index` says which. */
  async function sampled(seen: string, index: number, found: TypeFigures): Promise<z.output<typeof listed>> {
    const fields = index < mostSampled ? { fields: await reads.fields(seen) } : {};
    const row = { name: seen, registered: false, builtIn: false, mode: 'off', version: 0 } as const;
    return { ...row, ...figuresOf(seen, found), ...fields };
  }

  async function all(): Promise<Answer> {
    const found = await reads.figures();
    const types = catalogue.types().map((type) => described(type, found));
    for (const [index, seen] of unregistered(found).entries()) types.push(await sampled(seen, index, found));
    const body = { types, unknownTypes: unknown, catalogueRead: catalogue.isRead(), asOf: found.asOf };
    return { status: 200, body };
  }

  async function single(wanted: string): Promise<Answer> {
    const found = await reads.figures();
    const type = catalogue.get(wanted);
    if (type !== undefined) {
      const headers: Record<string, string> =
        type.type === undefined ? {} : { etag: `"${type.type.revision}"` };
      return {
        status: 200,
        headers,
        body: { ...described(type, found), versions: type.type?.versions ?? [] },
      };
    }
    const index = unregistered(found).indexOf(wanted);
    if (index === -1) return failed({ kind: 'not-found', what: 'Type' });
    return { status: 200, body: { ...(await sampled(wanted, index, found)), versions: [] } };
  }

  function enrichedSchema(wanted: string): Answer {
    const type = catalogue.get(wanted);
    if (type === undefined) return failed({ kind: 'not-found', what: 'Type' });
    const headers = { 'content-type': 'application/schema+json' };
    const schema = type.type === undefined ? undefined : currentVersion(type.type).schema;
    return { status: 200, headers, body: enrichedSchemaOf(wanted, schema) };
  }

  const parts = z.object({ name: typeName.describe('The name of the type') });
  const answers = {
    200: { description: 'The type.', schema: one },
    400: { description: 'The name is none.', schema: validationError },
    404: { description: 'The type is not registered, and there is no event of it.', schema: plainError },
  };
  return [
    route({
      method: 'GET',
      path: '/api/types',
      scope: 'read',
      summary: 'The types of events',
      description:
        'The catalogue: each registered type with its schema, and types that were seen and are not registered with a sample of the fields of their metadata; each with figures. With `name` one type, also one whose name a path cannot hold.',
      query: z.object({ name: typeName.optional().describe('Only this type, as `GET /api/types/:name`') }),
      answers: { ...answers, 200: { description: 'The types; or the type.', schema: z.union([list, one]) } },
      handle: async ({ query }) => (query.name === undefined ? all() : single(query.name)),
    }),
    route({
      method: 'GET',
      path: '/api/types/:name/enriched-schema',
      scope: 'read',
      summary: 'The JSON Schema of a type’s records on the enriched topic',
      description:
        'For consumers downstream: a log of this type as it is on the enriched topic, with its metadata by the newest version of the schema. Logs of before may be of another version (`typeVersion`), and those with `violations` are not as the schema says.',
      parts,
      answers: {
        200: { description: 'The schema.', mediaType: 'application/schema+json' },
        400: answers[400],
        404: { description: 'The type is not registered.', schema: plainError },
      },
      handle: ({ path }) => enrichedSchema(path.name),
    }),
    route({
      method: 'GET',
      path: '/api/types/:name',
      scope: 'read',
      summary: 'One type of events',
      description: 'With all kept versions of its schema. The ETag is what `If-Match` of a PUT asks for.',
      parts,
      answers,
      handle: async ({ path }) => single(path.name),
    }),
  ];
}

function figuresOf(type: string, found: TypeFigures): Pick<z.output<typeof listed>, keyof typeof figures> {
  return {
    last24h: found.last24h[type] ?? 0,
    last30d: found.last30d[type] ?? 0,
    lastSeen: found.lastSeen.get(type)?.toISOString() ?? null,
    violations: found.violations.get(type) ?? 0,
  };
}

function detailsOf(entry: NonNullable<KnownType['type']>): Partial<z.output<typeof listed>> {
  const { versions: _, name: __, mode: ___, ...details } = entry;
  const { schema } = currentVersion(entry);
  return { ...details, ...(schema !== undefined && { schema }) };
}

/** The schema of a log of a type: the enriched topic's, with the name and the schema of the type. */
export function enrichedSchemaOf(type: string, metadata: unknown): object {
  const whole = jsonSchemaOf('enriched') as { $schema: string; anyOf: { properties?: object }[] };
  const [log = {}] = whole.anyOf;
  const properties = { ...log.properties, activityType: { const: type } };
  return {
    $schema: whole.$schema,
    title: type,
    description: `A log of the type ${type}, as it is on the enriched topic`,
    ...log,
    properties: metadata === undefined ? properties : { ...properties, metadata: bundled(metadata) },
  };
}

/**
 * A schema whose references lead into itself, as a part of another one. It is open, whatever it says: beside
 * what the schema judged, a log has what the edge adds (a CloudEvent's attributes, the context of a call).
 */
function bundled(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $schema: _, ...rest } = schema as Record<string, unknown>;
  for (const keyword of ['additionalProperties', 'unevaluatedProperties'])
    if (rest[keyword] === false) delete rest[keyword];
  // With an `$id` of its own, `#` in its references means its own root.
  return { $id: 'urn:activity:metadata', ...rest };
}
