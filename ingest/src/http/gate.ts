// The gate that every request passes: request id, CORS, key, rate limit; then the route; then one form for every answer.
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { failureAnswer, failureOf } from '@activity/service';
import type { Authenticator, Failure, Identity, Logger } from '@activity/service';
import type { Context, Hono } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import type { EdgeMetrics, ObserveRequest } from '../metrics.ts';
import { addressGroup, clientAddress } from './client-address.ts';
import type { Cors } from './cors.ts';
import { headerReader, incomingOf } from './edge-request.ts';
import type { Answer, EdgeRequest, HeaderReader } from './edge-request.ts';
import type { RateLimit } from './rate-limits.ts';
import { readBody } from './read-body.ts';
import type { Route } from './route.ts';
import { traceHeaders } from './trace-context.ts';

/** What the gate needs. */
export interface GateDeps {
  logger: Logger;
  metrics: EdgeMetrics;
  authenticator: Authenticator;
  cors: Cors;
  trustedProxies: BlockList | undefined;
  limitPerKey: RateLimit | undefined;
  limitPerAddress: RateLimit | undefined;
  now: () => number;
  /** Makes a request's id where the client gave none. */
  newRequestId: () => string;
  /** Told of each request's beginning and end. */
  inFlight: { begin: () => void; end: () => void };
}

const secureHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Adds routes to an app, each behind the gate, and the answers for what is no route. */
export function addRoutes(app: Hono, deps: GateDeps, routes: readonly Route[]): void {
  // One handler a route: where two could match, Hono would compose them for every request.
  const observeOther = deps.metrics.route('ANY', 'unknown');
  for (const path of new Set(routes.map((route) => route.path).filter(isWrittenOut))) {
    const own = methodsOf(routes.filter((route) => route.path === path || route.path.endsWith('*')));
    const refused = notAllowed(own);
    // Or the route with a parameter in this place would take them.
    for (const method of methodsOf(routes).filter((candidate) => !own.includes(candidate))) {
      app.on(method, path, async (context) => pass(context, refused, deps, observeOther));
    }
  }
  for (const route of routes) {
    const observe = deps.metrics.route(route.method, route.path);
    app.on(route.method, route.path, async (context) => pass(context, route, deps, observe));
  }
  const byPath = new TrieRouter<Route>();
  for (const route of routes) byPath.add('ALL', route.path, route);
  app.notFound(async (context) => {
    const [matches] = byPath.match('ALL', context.req.path);
    const found = matches.map(([route]) => route);
    const own = found.filter(({ path }) => path === context.req.path || path.endsWith('*'));
    const methods = methodsOf(own.some(({ path }) => isWrittenOut(path)) ? own : found);
    return pass(context, methods.length === 0 ? unknownPath : notAllowed(methods), deps, observeOther);
  });
}

function isWrittenOut(path: string): boolean {
  return !path.includes(':') && !path.includes('*');
}

function methodsOf(routes: readonly Route[]): string[] {
  return [...new Set(routes.map(({ method }) => method))];
}

async function pass(
  context: Context,
  route: Route,
  deps: GateDeps,
  observe: ObserveRequest,
): Promise<Response> {
  const started = performance.now();
  const incoming = incomingOf(context);
  const header = headerReader(context, incoming);
  const given = header('x-request-id');
  const id = given !== undefined && requestIdPattern.test(given) ? given : deps.newRequestId();
  const headers: Record<string, string> = { ...secureHeaders, 'x-request-id': id };
  deps.inFlight.begin();
  let answer: Answer;
  try {
    answer = await admitted({ context, incoming, header, route, deps, id, headers });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'internal') {
      deps.logger.error({ err: error, requestId: id, route: route.path }, 'answering a request');
    }
    answer = failureAnswer(failure);
  } finally {
    deps.inFlight.end();
  }
  observe(answer.status, (performance.now() - started) / 1_000);
  return respond(answer, headers);
}

interface Pass {
  context: Context;
  incoming: IncomingMessage | undefined;
  header: HeaderReader;
  route: Route;
  deps: GateDeps;
  id: string;
  /** Of the answer; filled on the way. */
  headers: Record<string, string>;
}

function admitted({ context, incoming, header, route, deps, id, headers }: Pass): Promise<Answer> | Answer {
  const origin = header('origin');
  if (origin !== undefined) {
    if (context.req.method === 'OPTIONS') return preflight(deps.cors.preflight(origin), headers);
    Object.assign(headers, deps.cors.headers(origin));
  }
  const identity = deps.authenticator.identify(header('authorization'), header('x-api-key'));
  const refusal = refuse(route, identity);
  if (refusal !== undefined) return failureAnswer(refusal);

  const address = clientAddress(
    incoming?.socket.remoteAddress,
    header('x-forwarded-for'),
    deps.trustedProxies,
  );

  function take(limit: RateLimit, sender: string, events: number): Failure | undefined {
    const allowance = limit.take(sender, events);
    Object.assign(headers, allowance.headers);
    if (allowance.allowed) return undefined;
    return { kind: 'too-many-requests', retryAfterSeconds: allowance.retryAfterSeconds };
  }

  function charge(events: number): Failure | undefined {
    const { limitPerAddress, limitPerKey } = deps;
    const limited =
      limitPerAddress === undefined ? undefined : take(limitPerAddress, addressGroup(address), events);
    if (limited !== undefined || limitPerKey === undefined || identity?.keyId === undefined) return limited;
    return take(limitPerKey, identity.keyId, events);
  }

  if (route.charged ?? route.scope !== undefined) {
    const limited = charge(1);
    if (limited !== undefined) {
      deps.metrics.refused('limited', 1);
      return failureAnswer(limited);
    }
  }
  const request: EdgeRequest = {
    id,
    receivedAt: deps.now(),
    identity: identity ?? nobody,
    address,
    context,
    trace: traceHeaders(header('traceparent'), header('tracestate')),
    charge,
    header,
    body: (limit) => readBody({ incoming, context, header }, limit),
  };
  return route.handle(request);
}

const nobody: Identity = { keyId: undefined, scopes: new Set() };

function refuse(route: Route, identity: Identity | undefined): Failure | undefined {
  if (route.scope === undefined) return undefined;
  if (identity === undefined) return { kind: 'unauthorized' };
  if (identity.scopes.has(route.scope)) return undefined;
  return { kind: 'forbidden', message: `the API key lacks the scope ${route.scope}` };
}

function preflight(allowed: Record<string, string> | undefined, headers: Record<string, string>): Answer {
  Object.assign(headers, allowed);
  return new Response(null, { status: 204 });
}

function respond(answer: Answer, headers: Record<string, string>): Response {
  if (answer instanceof Response) {
    const merged = new Headers(answer.headers);
    for (const [name, value] of Object.entries(headers)) if (!merged.has(name)) merged.set(name, value);
    return new Response(answer.body, { status: answer.status, headers: merged });
  }
  const { status, body } = answer;
  headers['content-type'] = 'application/json';
  Object.assign(headers, answer.headers);
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
}

function notAllowed(methods: readonly string[]): Route {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return {
    ...unknownPath,
    handle: ({ context }) =>
      context.req.method === 'OPTIONS'
        ? new Response(null, { status: 204, headers: { allow } })
        : failureAnswer({ kind: 'method-not-allowed', allow }),
  };
}

const unknownPath: Route = {
  method: 'ANY',
  path: 'unknown',
  scope: undefined,
  summary: '',
  description: '',
  answers: {},
  handle: () => failureAnswer({ kind: 'not-found', what: 'Path' }),
};
