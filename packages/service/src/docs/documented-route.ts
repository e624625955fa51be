// A route as its OpenAPI document describes it.
import { z } from 'zod';
import type { Scope } from '../keys/api-key.ts';

/** What a client may get for an answer. */
export interface DocumentedAnswer {
  description: string;
  schema?: z.ZodType;
  /** The media type, where it is not JSON. */
  mediaType?: string;
  /** More media types of the same answer, whose content is text. */
  otherMediaTypes?: readonly string[];
  /** Headers that say more, by name. */
  headers?: Record<string, string>;
}

/** A body that a route takes, by media type. */
export type DocumentedBody = Record<string, { schema: z.ZodType; example: unknown }>;

/** What is documented of a route. */
export interface DocumentedRoute {
  method: string;
  /** Hono's form: `/api/logs/:id`. */
  path: string;
  /** What a key must allow; undefined: open to everyone. */
  scope: Scope | undefined;
  /** One line, and more about it. */
  summary: string;
  description: string;
  /** The parameters in the path. */
  parameters?: Record<string, { schema: z.ZodType; description: string }>;
  /** The parameters after the `?`, each described by `.describe()`. */
  query?: z.ZodObject;
  body?: DocumentedBody;
  /** By status; what every route may answer is added. */
  answers: Record<number, DocumentedAnswer>;
}

/** A problem with one field. */
export const fieldProblem = z.object({
  field: z.string(),
  message: z.string(),
});

/** 400. */
export const validationError = z.object({
  error: z.literal('Validation failed'),
  details: z.array(fieldProblem),
});

/** 422. */
export const schemaError = z.object({
  error: z.literal('Metadata refused by the schema of the type'),
  details: z.array(fieldProblem),
});

/** Every other error. */
export const plainError = z.object({
  error: z.string(),
  message: z.string().optional(),
});
