// CORS: which web pages may use the edge from a browser.

/** What clients of this API send, and what tracing adds to the requests of a page. */
const allowedHeaders: readonly string[] = [
  'authorization',
  'content-type',
  'content-encoding',
  'x-api-key',
  'x-request-id',
  // Segment's browser client says so how often it has tried.
  'x-retry-count',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'newrelic',
  'elastic-apm-traceparent',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-origin',
  'x-datadog-sampling-priority',
  'x-datadog-tags',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'uber-trace-id',
];

const exposedHeaders = 'ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, x-request-id';

/** Answers for requests that name an origin. */
export interface Cors {
  /** Headers for an answer to a request from this origin; undefined where it is not on the list. */
  headers: (origin: string) => Record<string, string> | undefined;
  /** Headers for the answer to a preflight request. */
  preflight: (origin: string) => Record<string, string> | undefined;
}

/** Which pages may use the edge. */
export interface CorsOptions {
  /** `*` stands for every one. */
  origins: readonly string[];
  /** Request headers that pages may send besides those that are known here. */
  moreHeaders?: readonly string[];
  /** Whether a public key is for pages of an origin; asked for each request, for keys change. */
  isOriginOfKey: (origin: string) => boolean;
}

/**
 * Makes the answers for the origins of a list and of the public keys. Credentials (cookies) are never
 * allowed: keys are sent as headers, or public ones in the URL or the body.
 */
export function createCors({ origins, moreHeaders = [], isOriginOfKey }: CorsOptions): Cors {
  const requestHeaders = [...allowedHeaders, ...moreHeaders].join(', ');
  const all = origins.includes('*');
  const listed = new Set(origins);

  function headers(origin: string): Record<string, string> | undefined {
    if (!all && !listed.has(origin) && !isOriginOfKey(origin)) return undefined;
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
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': requestHeaders,
        'access-control-max-age': '600',
      };
    },
  };
}
