// The OpenAPI document of a service, generated from its routes.
import { z } from 'zod';
import { plainError } from './documented-route.ts';
import type { DocumentedAnswer, DocumentedRoute } from './documented-route.ts';

/** An OpenAPI 3.1 document, as far as anyone here reads it. */
export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, unknown> };
}

/** A parameter of an operation. */
export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  description: string;
  schema: unknown;
}

/** One operation of the document. */
export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { required: true; content: Record<string, { schema: unknown; example: unknown }> };
  responses: Record<
    string,
    {
      description: string;
      headers?: Record<string, { description: string; schema: unknown }>;
      content?: Record<string, { schema: unknown }>;
    }
  >;
}

/** What a service says of itself. */
export interface OpenApiOptions {
  title: string;
  /** Paragraphs, with code in backquotes. */
  description: string;
  /** What routes that need a key may answer besides their own answers and {@link common}. */
  forKeys: Record<number, DocumentedAnswer>;
  /** More ways to show who one is than a key in a header, by name. */
  otherSchemes?: Record<string, unknown>;
}

/** What any route may answer besides its own answers. */
const common: Record<number, DocumentedAnswer> = {
  500: { description: 'A fault of the service.', schema: plainError },
};
const forBodies: Record<number, DocumentedAnswer> = {
  413: { description: 'The body, or the batch, is too large.', schema: plainError },
  415: { description: 'The Content-Type or the Content-Encoding is none that is taken.', schema: plainError },
};

/** Describes routes; those with a wildcard in their path are left out. */
export function openApi(routes: readonly DocumentedRoute[], options: OpenApiOptions): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    if (route.path.includes('*')) continue;
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, options) };
  }
  return {
    openapi: '3.1.0',
    info: { title: options.title, version: '1.0.0', description: options.description },
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        ...options.otherSchemes,
      },
    },
  };
}

function operation(route: DocumentedRoute, { forKeys, otherSchemes = {} }: OpenApiOptions): Operation {
  const answers = {
    ...common,
    ...(route.scope === undefined ? {} : forKeys),
    ...(route.body === undefined ? {} : forBodies),
    ...route.answers,
  };
  const others = Object.keys(otherSchemes).map((name) => ({ [name]: [] }));
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[^a-z]+(.)?/gi, (_, first: string | undefined) => first?.toUpperCase() ?? '')}`,
    summary: route.summary,
    description:
      route.description +
      (route.scope === undefined ? '' : ` Needs the scope \`${route.scope}\` where keys are used.`),
    security: route.scope === undefined ? [] : [{ bearer: [] }, { apiKey: [] }, ...others, {}],
    parameters: parametersOf(route),
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
        { description: answer.description, ...headersOf(answer), ...contentOf(answer) },
      ]),
    ),
  };
}

function parametersOf({ parameters = {}, query }: DocumentedRoute): Parameter[] {
  const inPath = Object.entries(parameters).map(([name, { description, schema }]): Parameter => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: jsonSchema(schema, 'input'),
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, type]): Parameter => {
    const { description = '', ...schema } = jsonSchema(type as z.ZodType, 'input');
    const required = !(type as z.ZodType).safeParse(undefined).success;
    return { name, in: 'query', required, description: String(description), schema };
  });
  return [...inPath, ...inQuery];
}

function headersOf({ headers }: DocumentedAnswer): Pick<Operation['responses'][string], 'headers'> {
  if (headers === undefined) return {};
  return {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, description]) => [
        name,
        { description, schema: { type: 'string' } },
      ]),
    ),
  };
}

function contentOf({
  schema,
  mediaType,
  otherMediaTypes = [],
}: DocumentedAnswer): Pick<Operation['responses'][string], 'content'> {
  const text = { schema: { type: 'string' } };
  const others = Object.fromEntries(otherMediaTypes.map((type) => [type, text]));
  if (schema !== undefined) {
    const first = { schema: jsonSchema(schema, 'output') };
    return { content: { [mediaType ?? 'application/json']: first, ...others } };
  }
  return mediaType === undefined ? {} : { content: { [mediaType]: text, ...others } };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
