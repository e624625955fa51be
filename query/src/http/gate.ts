// The gate that every request passes: key or session, parameters;
// then the route; then one form for every answer.
import { randomUUID } from 'node:crypto';
import {
  failureAnswer,
  failureOf,
  fieldProblems,
  isWellEncoded,
  mongoRefusal,
  requestIdOf,
  scopeRefusal,
  secureHeaders,
} from '@activity/service';
import type {
  Failure,
  HostCheck,
  Logger,
  ObserveRequest,
  Scope,
  SessionAuthenticator,
} from '@activity/service';
import type { Context, Hono } from 'hono';
import type { QueryMetrics } from '../metrics.ts';
import { isAway, isRefused } from '../reads/mongo-errors.ts';
import { identityOf } from './access.ts';
import { rawParameters, unknownParameters } from './parameters.ts';
import type { Answer, NodeBindings, Route } from './route.ts';

/** What the gate needs. */
export interface GateDeps {
  logger: Logger;
  metrics: QueryMetrics;
  authenticator: SessionAuthenticator;
  /** Whether the service goes by the name that a request asks for. */
  isAllowedHost: HostCheck;
  now: () => number;
}

const ownHeaders = { ...secureHeaders, 'cache-control': 'no-store' };

/** Adds routes to an app, each behind the gate, and the answers for what is no route. */
export function addRoutes(app: Hono, deps: GateDeps, routes: readonly Route[]): void {
  for (const route of routes) {
    app.on(route.method, route.path, async (context) => pass(context, deps, route));
  }
  const observeOther = deps.metrics.route('ANY', 'unknown');
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
    app.all(path, () => finish(failureAnswer({ kind: 'method-not-allowed', allow }), observeOther));
  }
  app.notFound(() => finish(failureAnswer({ kind: 'not-found', what: 'Path' }), observeOther));
}

function finish(answer: Answer, observe: ObserveRequest): Response {
  observe(answer.status, 0);
  return respond(answer, ownHeaders);
}

async function pass(context: Context, deps: GateDeps, route: Route): Promise<Response> {
  const started = performance.now();
  const id = requestIdOf(context.req.header('x-request-id'), randomUUID);
  let answer: Answer;
  try {
    answer = await admitted(context, deps, route, id);
  } catch (error) {
    answer = failureAnswer(failureOfRead(error));
    report(error, answer.status, deps, route, id);
  }
  deps.metrics.route(route.method, route.path)(answer.status, (performance.now() - started) / 1_000);
  return respond(answer, { ...ownHeaders, 'x-request-id': id }, context);
}

async function admitted(context: Context, deps: GateDeps, route: Route, id: string): Promise<Answer> {
  if (!deps.isAllowedHost(context.req.header('host'))) return failureAnswer({ kind: 'misdirected' });
  const { pathname, search } = new URL(context.req.url);
  if (!isWellEncoded(pathname) || !isWellEncoded(search)) {
    const details = [{ field: 'url', message: 'must be percent-encoded UTF-8' }];
    return failureAnswer({ kind: 'validation', details });
  }
  const identity = identityOf(context, deps.authenticator, deps.now());
  const refusal = scopeRefusal(route.scope, identity);
  if (refusal !== undefined) return failureAnswer(refusal);
  const path = route.pathSchema.safeParse(context.req.param());
  const given = rawParameters(context.req.queries());
  const query = route.query.safeParse(given);
  // Probes and browsers add parameters of their own to what is open to everyone.
  const unknown = route.scope === undefined ? [] : unknownParameters(given, Object.keys(route.query.shape));
  if (!path.success || !query.success || unknown.length > 0) {
    const wrong = [path, query].flatMap(({ error }) => (error === undefined ? [] : fieldProblems(error)));
    return failureAnswer({ kind: 'validation', details: [...unknown, ...wrong] });
  }
  const answer = await route.handle({
    query: query.data as never,
    path: path.data as never,
    context,
    identity,
    id,
  });
  if (route.scope === undefined || deps.authenticator.open) return answer;
  // A key may have been revoked while the answer was waited for.
  if (!mayStill(context, deps, route.scope)) return failureAnswer({ kind: 'unauthorized' });
  if (answer instanceof Response && answer.body !== null) endWithKey(context, deps, route.scope);
  return answer;
}

/** How often the key of an open stream is looked at, in milliseconds. */
const keyCheckMs = 1_000;

function mayStill(context: Context, { authenticator, now }: GateDeps, scope: Scope): boolean {
  return identityOf(context, authenticator, now())?.scopes.has(scope) === true;
}

/**
 * Ends a stream whose key is revoked, or whose session ends: the connection is cut, so that clients see it.
 */
function endWithKey(context: Context, deps: GateDeps, scope: Scope): void {
  const { outgoing } = (context.env ?? {}) as NodeBindings;
  if (outgoing === undefined) return;
  const timer = setInterval(() => {
    if (!mayStill(context, deps, scope)) outgoing.destroy();
  }, keyCheckMs);
  outgoing.once('close', () => clearInterval(timer));
}

/** What a client is told of an error of MongoDB, or of any other. */
function failureOfRead(error: unknown): Failure {
  if (isAway(error)) {
    return { kind: 'unavailable', message: 'the database does not answer in time', retryAfterSeconds: 1 };
  }
  return failureOf(error);
}

function report(error: unknown, status: number, { logger }: GateDeps, route: Route, id: string): void {
  // Driver errors can hold what was asked for: only their kind is logged.
  const name = error instanceof Error ? error.name : typeof error;
  if (status === 503) logger.warn({ error: name, requestId: id }, 'MongoDB read failed');
  if (status < 500) return;
  const reason = mongoRefusal(error);
  if (isRefused(error))
    logger.error({ error: name, reason, requestId: id, route: route.path }, 'a read was refused');
  else if (status === 500) logger.error({ err: error, requestId: id, route: route.path }, 'request failed');
}

function respond(answer: Answer, headers: Record<string, string>, context?: Context): Response {
  const merged = new Headers(headers);
  // Cookies that the route has set.
  context?.res.headers.forEach((value, name) => {
    if (name === 'set-cookie') merged.append(name, value);
  });
  for (const [name, value] of new Headers(answer.headers)) {
    if (name === 'set-cookie') merged.append(name, value);
    else merged.set(name, value);
  }
  // A stream whose answer has no body is read by nobody.
  if (answer instanceof Response && context?.req.method === 'HEAD') void answer.body?.cancel();
  if (answer instanceof Response)
    return new Response(context?.req.method === 'HEAD' ? null : answer.body, {
      status: answer.status,
      headers: merged,
    });
  if (!merged.has('content-type')) merged.set('content-type', 'application/json');
  const { status, body } = answer;
  const isMade = typeof body === 'string' || body === null || body instanceof Uint8Array;
  return new Response(isMade ? body : JSON.stringify(body), { status, headers: merged });
}
