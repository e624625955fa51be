// W3C trace context: what a request's headers say of the trace it belongs to.
import { isTraceParent } from '@activity/service';

const statePattern = /^[\x20-\x7e]{1,512}$/;
const none: readonly (readonly [string, string])[] = [];

/** The headers to carry on: none where the request has no valid `traceparent`. */
export function traceHeaders(
  parent: string | undefined,
  state: string | undefined,
): readonly (readonly [string, string])[] {
  if (parent === undefined || !isTraceParent(parent)) return none;
  const headers: (readonly [string, string])[] = [['traceparent', parent]];
  if (state !== undefined && statePattern.test(state)) headers.push(['tracestate', state]);
  return headers;
}
