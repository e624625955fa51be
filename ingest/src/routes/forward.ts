// GET /api/*: forwarded to the query service, so that one public port reads as well.
import { failureResponse } from '@activity/service';
import { Hono } from 'hono';

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
  'x-request-id',
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

/** Forwards every GET below /api that no other route has taken. */
export function forwardRoutes(deps: ForwardDeps): Hono {
  const app = new Hono();
  app.get('/api/*', async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const headers = new Headers({ 'accept-encoding': 'identity' });
    for (const name of passed) {
      const value = c.req.header(name);
      if (value !== undefined) headers.set(name, value);
    }
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), deps.timeoutMs ?? 15_000);
    const gone = c.req.raw.signal;
    gone.addEventListener('abort', () => abort.abort(), { once: true });
    try {
      const answer = await deps.fetch(`${deps.queryUrl}${pathname}${search}`, {
        method: c.req.method,
        headers,
        redirect: 'manual',
        signal: abort.signal,
      });
      const answerHeaders = new Headers(answer.headers);
      for (const name of dropped) answerHeaders.delete(name);
      return new Response(answer.body, { status: answer.status, headers: answerHeaders });
    } catch {
      return failureResponse({
        kind: 'unavailable',
        message: 'the query service does not answer',
        retryAfterSeconds: 1,
      });
    } finally {
      clearTimeout(timer);
    }
  });
  return app;
}
