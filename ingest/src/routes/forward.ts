// GET /api/*: forwarded to the query service, so that one public port reads as well.
import { failureAnswer } from '@activity/service';
import type { Answer, EdgeRequest } from '../http/edge-request.ts';
import type { Route } from '../http/route.ts';

/** What forwarding needs. */
export interface ForwardDeps {
  queryUrl: string;
  fetch: typeof fetch;
  /** How long the query service may take to begin its answer, in milliseconds. */
  timeoutMs?: number;
}

/** Request headers that are passed on. */
const passed = [
  'accept',
  'authorization',
  'if-none-match',
  'last-event-id',
  'traceparent',
  'tracestate',
  'x-api-key',
];
/** Answer headers that belong to one connection, or to a body that fetch has decoded already. */
const dropped = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-encoding',
  'content-length',
  'date',
];

/** Forwards every GET below /api that no other route has taken. The query service checks the key itself. */
export function forwardRoute(deps: ForwardDeps): Route {
  async function handle({ context, id, header }: EdgeRequest): Promise<Answer> {
    const { req } = context;
    const { pathname, search } = new URL(req.url);
    const headers = new Headers({ 'accept-encoding': 'identity', 'x-request-id': id });
    for (const name of passed) {
      const value = header(name);
      if (value !== undefined) headers.set(name, value);
    }
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), deps.timeoutMs ?? 15_000);
    req.raw.signal.addEventListener('abort', () => abort.abort(), { once: true });
    try {
      const answer = await deps.fetch(`${deps.queryUrl}${pathname}${search}`, {
        method: req.method,
        headers,
        redirect: 'manual',
        signal: abort.signal,
      });
      const answerHeaders = new Headers(answer.headers);
      for (const name of dropped) answerHeaders.delete(name);
      return new Response(answer.body, { status: answer.status, headers: answerHeaders });
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

  return {
    method: 'GET',
    path: '/api/*',
    scope: undefined,
    charged: true,
    summary: 'Read',
    description:
      'Every other GET below /api is answered by the query service, which has its own OpenAPI document.',
    answers: {},
    handle,
  };
}
