// One route: what it is, for the router and for the OpenAPI document, and what it does.
import type { ServerResponse } from 'node:http';
import { failureAnswer } from '@activity/service';
import type { DocumentedRoute, Failure, Identity } from '@activity/service';
import type { Context } from 'hono';
import { z } from 'zod';

/** A request that was let in and whose parameters are what the route says. */
export interface QueryRequest<Q, P> {
  query: Q;
  path: P;
  context: Context;
  /** Who asks; undefined where the route is open and no key was sent. */
  identity: Identity | undefined;
  /** Names the request in logs and in the answer. */
  id: string;
}

/** What @hono/node-server puts beside a request. */
export interface NodeBindings {
  outgoing?: Pick<ServerResponse, 'destroy' | 'once' | 'off' | 'closed'>;
}

/** An answer; a `Response` where it is passed on as it is. */
export type Answer = { status: number; headers?: Record<string, string>; body: unknown } | Response;

/** A route as the gate takes it: any parameters. */
export interface Route extends DocumentedRoute {
  method: 'GET' | 'POST' | 'DELETE';
  pathSchema: z.ZodObject;
  query: z.ZodObject;
  handle: (request: QueryRequest<never, never>) => Promise<Answer> | Answer;
}

/** A route as it is written. */
export interface RouteSpec<Q extends z.ZodObject, P extends z.ZodObject> extends Omit<
  DocumentedRoute,
  'query' | 'parameters'
> {
  method: Route['method'];
  query?: Q;
  path: string;
  /** The parameters in the path, each described. */
  parts?: P;
  handle: (request: QueryRequest<z.output<Q>, z.output<P>>) => Promise<Answer> | Answer;
}

/** Makes a route: its handler gets what the schemas make of the parameters. */
export function route<Q extends z.ZodObject = z.ZodObject<{}>, P extends z.ZodObject = z.ZodObject<{}>>(
  spec: RouteSpec<Q, P>,
): Route {
  const { query = z.object({}), parts = z.object({}), ...rest } = spec;
  const parameters = Object.fromEntries(
    Object.entries(parts.shape).map(([name, schema]) => [
      name,
      { schema: schema as z.ZodType, description: (schema as z.ZodType).description ?? '' },
    ]),
  );
  return { ...rest, query, pathSchema: parts, parameters, handle: spec.handle };
}

/** The answer of a failure. */
export function failed(failure: Failure): Answer {
  return failureAnswer(failure);
}
