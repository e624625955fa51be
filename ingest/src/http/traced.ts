// A request under a span of OpenTelemetry, where spans are recorded.
import { failureAnswer, failureOf, parseTraceParent } from '@activity/service';
import type { Span, Tracing } from '@activity/service';
import { promised } from './edge-request.ts';
import type { Answer, EdgeRequest, Handled } from './edge-request.ts';

/** What a span says of its request: nothing of whoever sent it, and no path that holds an id. */
export interface TracedRoute {
  method: string;
  /** The route, as `/api/logs/:id`. */
  path: string;
}

/**
 * Handles a request, under a span where it is sampled. The span is then the parent of what becomes of its
 * events: their records carry it in place of the request's own.
 */
export function traced<A extends Answer>(
  tracing: Tracing,
  { method, path }: TracedRoute,
  request: EdgeRequest,
  handle: (request: EdgeRequest) => Handled<A>,
): Handled<A> {
  const [[, traceparent] = [], ...state] = request.trace;
  const parent = parseTraceParent(traceparent);
  if (!tracing.sampled(parent)) return handle(request);
  const span = tracing.start({
    name: `${method} ${path}`,
    kind: 'server',
    parent,
    attributes: { 'http.request.method': method, 'http.route': path },
  });
  return underSpan(span, { ...request, trace: [['traceparent', span.traceparent], ...state] }, handle);
}

async function underSpan<A extends Answer>(
  span: Span,
  request: EdgeRequest,
  handle: (request: EdgeRequest) => Handled<A>,
): Promise<A> {
  try {
    const answer = await promised(handle(request));
    end(span, answer.status);
    return answer;
  } catch (error) {
    end(span, failureAnswer(failureOf(error)).status);
    throw error;
  }
}

function end(span: Span, status: number): void {
  span.end({ attributes: { 'http.response.status_code': status }, failed: status >= 500 });
}
