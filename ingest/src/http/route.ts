// One route: what it is, for the router and for the OpenAPI document, and what it does.
import type { Scope } from '@activity/service';
import type { z } from 'zod';
import type { Handler } from './edge-request.ts';

/** What a client may get for an answer. */
export interface DocumentedAnswer {
  description: string;
  schema?: z.ZodType;
  /** The media type, where it is not JSON. */
  mediaType?: string;
}

/** A body that a route takes, by media type. */
export type DocumentedBody = Record<string, { schema: z.ZodType; example: unknown }>;

/** A route. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE' | 'ANY';
  /** Hono's form: `/api/logs/:id`. */
  path: string;
  /** What a key must allow; undefined: open to everyone. */
  scope: Scope | undefined;
  /** Whether the request counts against rate limits; by default where a key is asked for. */
  charged?: boolean;
  /** One line, and more about it. */
  summary: string;
  description: string;
  parameters?: Record<string, { schema: z.ZodType; description: string }>;
  body?: DocumentedBody;
  /** By status; what every route may answer is added. */
  answers: Record<number, DocumentedAnswer>;
  handle: Handler;
}
