// The page of a running application: its topology as a picture with figures, and the figures as JSON.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Streams } from '../streams.ts';
import { patternsOf } from '../runtime/topic-patterns.ts';
import { documentOf, withMatches } from './document.ts';

/** How a page is made. */
export interface TopologyPageOptions {
  /**
   * Where the page is. Its other files are beside it, under the same name with an ending: `/topology.json`.
   * @default '/topology'
   */
  path?: string;
}

/** What the page shows: {@link Streams.describe} and {@link Streams.figures}. */
export type ShownStreams = Pick<Streams, 'describe' | 'figures'>;

/**
 * Serves a request, if it is for the page: then it returns true, in any other case false, with nothing
 * written.
 */
export type TopologyPageHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

// Its own host and nothing else; no inline script or style, and no HTML made of text.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const securityHeaders = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

interface Sent {
  status: number;
  type: string;
  body: string;
}

const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };

/**
 * Makes a handler for requests of node:http that serves the topology of an application as a page: with rates,
 * lags, sizes of stores and dead letters, which follow what happens. It shows numbers, and names of topics,
 * nodes and stores, but nothing of a record. Whoever reaches the port may read it: check keys before it where
 * that is not wanted. A function is called for each request: an application may have been replaced.
 * @example
 * const page = topologyPage(streams);
 * createServer(async (request, response) => {
 *   if (!(await page(request, response))) response.writeHead(404).end();
 * }).listen(9090, '127.0.0.1');
 */
export function topologyPage(
  streams: ShownStreams | (() => ShownStreams),
  { path = '/topology' }: TopologyPageOptions = {},
): TopologyPageHandler {
  const shown = typeof streams === 'function' ? streams : (): ShownStreams => streams;
  const name = path.split('/').at(-1) ?? '';
  const files = new Map<string, string>();
  let made: { of: ShownStreams; read: string; text: string } | undefined;

  async function page(): Promise<Sent> {
    const of = shown();
    try {
      const description = await of.describe();
      const hasPatterns = patternsOf(description.topology.nodes).length > 0;
      // Which topics a pattern matches may be another thing at each request.
      const read = hasPatterns ? (await of.figures()).topics.map(({ topic }) => topic).toSorted() : [];
      const key = JSON.stringify(read);
      if (made?.of !== of || made.read !== key)
        made = { of, read: key, text: documentOf(withMatches(description, read), name) };
    } catch {
      // The reason may hold what only the log may have.
      const body = 'The topology cannot be loaded: the log of the application has the reason.\n';
      return { status: 503, type: 'text/plain; charset=utf-8', body };
    }
    return { status: 200, type: 'text/html; charset=utf-8', body: made.text };
  }

  async function json(): Promise<Sent> {
    return { status: 200, type: 'application/json', body: JSON.stringify(await shown().figures()) };
  }

  function file(ending: keyof typeof types): Sent {
    let body = files.get(ending);
    if (body === undefined) {
      body = readFileSync(new URL(`./browser/topology.${ending}`, import.meta.url), 'utf8');
      files.set(ending, body);
    }
    return { status: 200, type: types[ending], body };
  }

  return async function serve(request, response) {
    const [asked] = (request.url ?? '/').split('?', 1);
    if (asked === undefined || !asked.startsWith(path)) return false;
    const ending = asked.slice(path.length);
    if (!['', '.json', '.js', '.css'].includes(ending)) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return true;
    }
    const { status, type, body } =
      ending === ''
        ? await page()
        : ending === '.json'
          ? await json()
          : file(ending === '.js' ? 'js' : 'css');
    response.writeHead(status, {
      ...securityHeaders,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  };
}
