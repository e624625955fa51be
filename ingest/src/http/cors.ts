// CORS: which web pages may use the edge from a browser.

const allowedHeaders =
  'authorization, content-type, content-encoding, traceparent, tracestate, x-api-key, x-request-id';
const exposedHeaders = 'ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, x-request-id';

/** Answers for requests that name an origin. */
export interface Cors {
  /** Headers for an answer to a request from this origin; undefined where it is not on the list. */
  headers: (origin: string) => Record<string, string> | undefined;
  /** Headers for the answer to a preflight request. */
  preflight: (origin: string) => Record<string, string> | undefined;
}

/** Makes the answers for a list of origins; `*` allows every one. Credentials (cookies) are never allowed: keys are sent as headers. */
export function createCors(origins: readonly string[]): Cors {
  const all = origins.includes('*');
  const listed = new Set(origins);

  function headers(origin: string): Record<string, string> | undefined {
    if (!all && !listed.has(origin)) return undefined;
    return {
      'access-control-allow-origin': all ? '*' : origin,
      'access-control-expose-headers': exposedHeaders,
      vary: 'Origin',
    };
  }

  return {
    headers,
    preflight(origin) {
      const allowed = headers(origin);
      if (allowed === undefined) return undefined;
      return {
        ...allowed,
        'access-control-allow-methods': 'GET, POST, DELETE',
        'access-control-allow-headers': allowedHeaders,
        'access-control-max-age': '600',
      };
    },
  };
}
