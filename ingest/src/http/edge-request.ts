// What a route's handler is given, and what it answers.
import type { IncomingMessage } from 'node:http';
import type { Sender } from '@activity/contracts';
import type { Failure, Identity } from '@activity/service';
import type { Context } from 'hono';
import type { RequestBody } from './read-body.ts';

/** One request, admitted. */
export interface EdgeRequest {
  /** Names the request in logs and in the answer. */
  id: string;
  /** When it came, in milliseconds since the epoch. */
  receivedAt: number;
  identity: Identity;
  address: string;
  /** A header, by its name in lower case. */
  header: HeaderReader;
  body: RequestBody;
  /**
   * What the body was, parsed, without the public key that was found in it. Undefined where the key was
   * elsewhere.
   */
  keyed: Record<string, unknown> | undefined;
  /** What is noted of who sends with a public key; undefined for a secret one. */
  sender: Sender | undefined;
  /** Headers of the trace that the request belongs to, as they go into Kafka. */
  trace: readonly (readonly [string, string])[];
  /**
   * Charges for all events of the request, of which the first is paid for. A failure where they are too many.
   */
  charge: (events: number) => Failure | undefined;
}

/** One request that came by Hono's router, with what Hono knows of it: its URL, its parameters. */
export interface RoutedRequest extends EdgeRequest {
  context: Context;
}

/** Reads a header, by its name in lower case. */
export type HeaderReader = (name: string) => string | undefined;

/** An answer: text as it is, null for no body, everything else as JSON. */
export interface PlainAnswer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** An answer; a `Response` where it is passed on as it is. */
export type Answer = PlainAnswer | Response;

/**
 * An answer that comes later: calls back once, with the answer or with what went wrong. It does what a
 * promise does, and costs a request less.
 */
export type Later<A> = (respond: (answer: A) => void, fail: (error: unknown) => void) => void;

/** What a handler returns. */
export type Handled<A> = A | Promise<A> | Later<A>;

/** What was handled, as a promise where it comes later. */
export function promised<A extends Answer>(handled: Handled<A>): A | Promise<A> {
  return typeof handled === 'function' ? new Promise(handled) : handled;
}

/** Handles a request that came by the router. May throw a FailureError. */
export type Handler = (request: RoutedRequest) => Promise<Answer> | Answer;

/** Handles a request that needs no router. May throw a FailureError. */
export type DirectHandler = (request: EdgeRequest) => Handled<PlainAnswer>;

/** What Hono's context holds under node-server. */
export interface NodeBindings {
  incoming?: IncomingMessage;
}

/** Node's own request behind a context, where there is one. */
export function incomingOf(context: Context): IncomingMessage | undefined {
  const bindings: NodeBindings | undefined = context.env;
  return bindings?.incoming;
}

/** Reads the headers that Node has parsed. */
export function headerReader({ headers }: IncomingMessage): HeaderReader {
  return (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
}
