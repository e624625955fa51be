// GET /api/*, the page and its sign-in: forwarded to the query service, so that one public port reads as
// well.
import { failureAnswer, sessionCookie } from '@activity/service';
import type { Answer, RoutedRequest } from '../http/edge-request.ts';
import type { OpenStreams } from '../http/open-streams.ts';
import type { Route } from '../http/route.ts';

/** What forwarding needs. */
export interface ForwardDeps {
  queryUrl: string;
  fetch: typeof fetch;
  /** Where answers are noted while they are passed on. */
  streams: OpenStreams;
  /** How long the query service may take to begin its answer, in milliseconds. */
  timeoutMs?: number;
}

/** Request headers that are passed on. */
const passed = [
  'accept',
  'authorization',
  'content-type',
  'if-none-match',
  'last-event-id',
  'origin',
  'sec-fetch-site',
  'traceparent',
  'tracestate',
  'x-api-key',
  'x-forwarded-proto',
];
/** The most bytes of a sign-in. */
const maxBodyBytes = 1_024;
/** Answer headers that belong to one connection, or to a body that fetch has decoded already. */
const dropped = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-encoding',
  'content-length',
  'date',
];

/**
 * Forwards every GET below /api that no other route has taken, the page, and its sign-in. The query service
 * checks keys and sessions itself.
 */
export function forwardRoutes(deps: ForwardDeps): Route[] {
  async function handle({ context, id, header, body }: RoutedRequest): Promise<Answer> {
    const { req } = context;
    const { pathname, search, protocol } = new URL(req.url);
    const headers = new Headers({ 'accept-encoding': 'identity', 'x-request-id': id });
    for (const name of passed) {
      const value = header(name);
      if (value !== undefined) headers.set(name, value);
    }
    // A proxy in front of the edge knows better how the client came.
    if (!headers.has('x-forwarded-proto')) headers.set('x-forwarded-proto', protocol.slice(0, -1));
    const session = cookieOf(header('cookie'));
    if (session !== undefined) headers.set('cookie', session);
    const host = header('host');
    if (host !== undefined) headers.set('x-forwarded-host', host);
    const sent = req.method === 'POST' ? await body.read(maxBodyBytes) : undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), deps.timeoutMs ?? 15_000);
    req.raw.signal.addEventListener('abort', () => abort.abort(), { once: true });
    try {
      const answer = await deps.fetch(`${deps.queryUrl}${pathname}${search}`, {
        method: req.method,
        headers,
        ...(sent !== undefined && { body: new Uint8Array(sent) }),
        redirect: 'manual',
        signal: abort.signal,
      });
      const answerHeaders = new Headers(answer.headers);
      for (const name of dropped) answerHeaders.delete(name);
      return new Response(await bodyOf(answer, req.method), {
        status: answer.status,
        headers: answerHeaders,
      });
    } catch {
      return failureAnswer({
        kind: 'unavailable',
        message: 'the query service does not answer',
        retryAfterSeconds: 1,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async function bodyOf({ body, headers }: Response, method: string): Promise<ReadableStream | null> {
    if (body === null) return null;
    if (method === 'HEAD') {
      // Nobody will read it.
      await body.cancel();
      return null;
    }
    return deps.streams.pass(body, headers.get('content-type')?.startsWith('text/event-stream') === true);
  }

  const forwarded = {
    scope: undefined,
    charged: true,
    description: 'Answered by the query service, which has its own OpenAPI document.',
    answers: {},
    handle,
  } as const;
  return [
    {
      ...forwarded,
      method: 'GET',
      path: '/api/*',
      summary: 'Read',
      description:
        'Every other GET below /api is answered by the query service, which has its own OpenAPI document.',
    },
    { ...forwarded, method: 'POST', path: '/api/session', summary: 'Sign in to the page' },
    { ...forwarded, method: 'DELETE', path: '/api/session', summary: 'Sign out of the page' },
    { ...forwarded, method: 'GET', path: '/', summary: 'The page' },
    { ...forwarded, method: 'GET', path: '/assets/*', summary: 'What the page is made of' },
  ];
}

/** The cookie of the page's session, alone: what else a browser sends is none of the query service's. */
function cookieOf(header: string | undefined): string | undefined {
  return header
    ?.split(';')
    .map((cookie) => cookie.trim())
    .find((cookie) => cookie.startsWith(`${sessionCookie}=`));
}
