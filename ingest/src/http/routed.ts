// Routes by Hono: each behind the gate, and the answers for what is no route.
import { failureAnswer, isWellEncoded, type ObserveRequest } from '@activity/service';
import type { Context, Hono } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import { headerReader, incomingOf } from './edge-request.ts';
import type { Answer, EdgeRequest, Handled, RoutedRequest } from './edge-request.ts';
import { bodyText, pass } from './gate.ts';
import type { GateDeps } from './gate.ts';
import { keyInQuery } from './public-key.ts';
import { RequestBody } from './read-body.ts';
import type { Route } from './route.ts';

/** Adds routes to an app, each behind the gate, and the answers for what is no route. */
export function addRoutes(app: Hono, deps: GateDeps, routes: readonly Route[]): void {
  // One handler a route: where two could match, Hono would compose them for every request.
  const observeOther = deps.metrics.route('ANY', 'unknown');
  for (const path of new Set(routes.map((route) => route.path).filter(isWrittenOut))) {
    const own = methodsOf(routes.filter((route) => route.path === path || route.path.endsWith('*')));
    const refused = notAllowed(own);
    // Or the route with a parameter in this place would take them.
    for (const method of methodsOf(routes).filter((candidate) => !own.includes(candidate))) {
      app.on(method, path, async (context) => answer(context, refused, deps, observeOther));
    }
  }
  for (const route of routes) {
    const observe = deps.metrics.route(route.method, route.path);
    app.on(route.method, route.path, async (context) => answer(context, route, deps, observe));
  }
  const byPath = new TrieRouter<Route>();
  for (const route of routes) byPath.add('ALL', route.path, route);
  app.notFound(async (context) => {
    const [matches] = byPath.match('ALL', context.req.path);
    const found = matches.map(([route]) => route);
    const own = found.filter(({ path }) => path === context.req.path || path.endsWith('*'));
    const methods = methodsOf(own.some(({ path }) => isWrittenOut(path)) ? own : found);
    return answer(context, methods.length === 0 ? unknownPath : notAllowed(methods), deps, observeOther);
  });
}

function isWrittenOut(path: string): boolean {
  return !path.includes(':') && !path.includes('*');
}

function methodsOf(routes: readonly Route[]): string[] {
  return [...new Set(routes.map(({ method }) => method))];
}

function answer(context: Context, route: Route, deps: GateDeps, observe: ObserveRequest): Promise<Response> {
  const incoming = incomingOf(context);
  // Where it costs least: Node has parsed all headers at once, Hono looks for each.
  const header = incoming === undefined ? (name: string) => context.req.header(name) : headerReader(incoming);
  const call = {
    method: context.req.method,
    header,
    remoteAddress: incoming?.socket.remoteAddress,
    keyInUrl: route.scope === 'ingest' ? keyInQuery(context.req.url) : undefined,
    body: new RequestBody(incoming ?? context.req.raw, header, deps.received),
    route,
    handle: (request: EdgeRequest) => handled(Object.assign(request, { context }), route),
    observe,
  };
  return new Promise((resolve, reject) => {
    pass<Answer>(call, deps, (given, headers) => {
      try {
        resolve(respond(given, headers));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function handled(request: RoutedRequest, route: Route): Handled<Answer> {
  // Hono takes what it cannot decode as it is written: it would be another user's id.
  const { pathname } = new URL(request.context.req.url);
  if (isWellEncoded(pathname)) return route.handle(request);
  const details = [{ field: 'path', message: 'must be percent-encoded UTF-8' }];
  return failureAnswer({ kind: 'validation', details });
}

function respond(given: Answer, headers: Record<string, string>): Response {
  if (given instanceof Response) {
    const merged = new Headers(given.headers);
    for (const [name, value] of Object.entries(headers)) if (!merged.has(name)) merged.set(name, value);
    return new Response(given.body, { status: given.status, headers: merged });
  }
  const { status, body } = given;
  if (body === null) return new Response(null, { status, headers: { ...headers, ...given.headers } });
  return new Response(bodyText(given, headers), { status, headers });
}

function notAllowed(methods: readonly string[]): Route {
  const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return {
    ...unknownPath,
    handle: ({ context }) =>
      context.req.method === 'OPTIONS'
        ? { status: 204, headers: { allow }, body: null }
        : failureAnswer({ kind: 'method-not-allowed', allow }),
  };
}

const unknownPath = {
  method: 'ANY',
  path: 'unknown',
  scope: undefined,
  summary: '',
  description: '',
  answers: {},
  handle: () => failureAnswer({ kind: 'not-found', what: 'Path' }),
} as const;
