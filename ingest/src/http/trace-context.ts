// W3C trace context: what a request's headers say of the trace it belongs to.

const parentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const statePattern = /^[\x20-\x7e]{1,512}$/;
const none: readonly (readonly [string, string])[] = [];

/** The headers to carry on: none where the request has no valid `traceparent`. */
export function traceHeaders(
  parent: string | undefined,
  state: string | undefined,
): readonly (readonly [string, string])[] {
  if (parent === undefined || !parentPattern.test(parent)) return none;
  const headers: (readonly [string, string])[] = [['traceparent', parent]];
  if (state !== undefined && statePattern.test(state)) headers.push(['tracestate', state]);
  return headers;
}
