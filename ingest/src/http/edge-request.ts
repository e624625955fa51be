// What a route's handler is given, and what it answers.
import type { IncomingMessage } from 'node:http';
import type { Failure, Identity } from '@activity/service';
import type { Context } from 'hono';

/** One request, admitted. */
export interface EdgeRequest {
  /** Names the request in logs and in the answer. */
  id: string;
  /** When it came, in milliseconds since the epoch. */
  receivedAt: number;
  identity: Identity;
  address: string;
  context: Context;
  /** A header, by its name in lower case. */
  header: HeaderReader;
  /** The body's bytes, at most `limit`. */
  body: (limit: number) => Promise<Buffer>;
  /** Headers of the trace that the request belongs to, as they go into Kafka. */
  trace: readonly (readonly [string, string])[];
  /** Charges for more events than the one that every request is charged for. A failure where that is too many. */
  charge: (events: number) => Failure | undefined;
}

/** Reads a header, by its name in lower case. */
export type HeaderReader = (name: string) => string | undefined;

/** An answer; a `Response` where it is passed on as it is. */
export type Answer = { status: number; headers?: Record<string, string>; body: unknown } | Response;

/** Handles a request. May throw a FailureError. */
export type Handler = (request: EdgeRequest) => Promise<Answer> | Answer;

/** What Hono's context holds under node-server. */
export interface NodeBindings {
  incoming?: IncomingMessage;
}

/** Node's own request behind a context, where there is one. */
export function incomingOf(context: Context): IncomingMessage | undefined {
  const bindings: NodeBindings | undefined = context.env;
  return bindings?.incoming;
}

/** Reads headers where it costs least: Node has parsed them all at once, Hono looks for each. */
export function headerReader(context: Context, incoming: IncomingMessage | undefined): HeaderReader {
  if (incoming === undefined) return (name) => context.req.header(name);
  const { headers } = incoming;
  return (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
}
