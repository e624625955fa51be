// The OpenAPI document, generated from the routes.
import { z } from 'zod';
import type { DocumentedAnswer, Route } from '../http/route.ts';
import { plainError } from '../routes/schemas.ts';

/** An OpenAPI 3.1 document, as far as anyone here reads it. */
export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, unknown> };
}

/** One operation of the document. */
export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: 'path'; required: true; description: string; schema: unknown }[];
  requestBody?: { required: true; content: Record<string, { schema: unknown; example: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

const description = `Takes user-activity events and hands them to Kafka. A 2xx means that the event is in Kafka on all in-sync replicas.

An event may carry its own \`eventId\`: sent again with it, it is counted once. Without one the edge makes one and answers it.
Bodies may be packed with gzip, deflate or br. Integers must lie within ±(2^53 − 1).`;

/** What any route may answer besides its own answers. */
const common: Record<number, DocumentedAnswer> = {
  500: { description: 'A fault of the service.', schema: plainError },
};
const forKeys: Record<number, DocumentedAnswer> = {
  401: { description: 'An API key is needed, and there is none or a wrong one.', schema: plainError },
  403: { description: 'The API key lacks the scope.', schema: plainError },
  429: { description: 'Too many requests: `Retry-After` says when to come back.', schema: plainError },
  503: { description: 'Not now: `Retry-After` says when to come back.', schema: plainError },
};
const forBodies: Record<number, DocumentedAnswer> = {
  413: { description: 'The body, or the batch, is too large.', schema: plainError },
  415: { description: 'The Content-Encoding is not known.', schema: plainError },
};

/** Describes routes; those with a wildcard in their path are left out. */
export function openApi(routes: readonly Route[]): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    if (route.path.includes('*')) continue;
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'User activity: the edge', version: '1.0.0', description },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

function operation(route: Route): Operation {
  const answers = {
    ...common,
    ...(route.scope === undefined ? {} : forKeys),
    ...(route.body === undefined ? {} : forBodies),
    ...route.answers,
  };
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[^a-z]+(.)?/gi, (_, first: string | undefined) => first?.toUpperCase() ?? '')}`,
    summary: route.summary,
    description:
      route.description +
      (route.scope === undefined ? '' : ` Needs the scope \`${route.scope}\` where keys are used.`),
    security: route.scope === undefined ? [] : [{ bearer: [] }, { apiKey: [] }, {}],
    parameters: Object.entries(route.parameters ?? {}).map(([name, parameter]) => ({
      name,
      in: 'path',
      required: true,
      description: parameter.description,
      schema: jsonSchema(parameter.schema, 'input'),
    })),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(route.body).map(([type, { schema, example }]) => [
                type,
                { schema: jsonSchema(schema, 'input'), example },
              ]),
            ),
          },
        }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]: [string, DocumentedAnswer]) => [
        status,
        { description: answer.description, ...contentOf(answer) },
      ]),
    ),
  };
}

function contentOf({ schema, mediaType }: DocumentedAnswer): {
  content?: Record<string, { schema: unknown }>;
} {
  if (schema !== undefined)
    return { content: { [mediaType ?? 'application/json']: { schema: jsonSchema(schema, 'output') } } };
  return mediaType === undefined ? {} : { content: { [mediaType]: { schema: { type: 'string' } } } };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
