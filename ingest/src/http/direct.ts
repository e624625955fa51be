// What most requests are, answered without a router: a POST to a path that is written out, whose body is not
// packed and says how long it is. Such a request needs no URL, no web Request and no web Response; making
// them costs a quarter of it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ObserveRequest } from '@activity/service';
import { headerReader } from './edge-request.ts';
import { bodyText, pass } from './gate.ts';
import type { GateDeps } from './gate.ts';
import { RequestBody } from './read-body.ts';
import type { DirectRoute, Route } from './route.ts';

interface Target {
  route: DirectRoute;
  observe: ObserveRequest;
}

/** What `createServer` of node:http takes. */
export type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * A body up to here is read to its end by Node where the answer did not need it. Longer ones are the
 * router's.
 */
const maxBodyBytes = 1_048_576;

/**
 * Answers plain requests of direct routes, and hands all others to `routed`, which has the same routes:
 * whatever is not certain is its to decide.
 */
export function directListener(routes: readonly Route[], deps: GateDeps, routed: Listener): Listener {
  const direct = new Map(
    routes
      .filter((route): route is DirectRoute => route.direct === true)
      .map((route): [string, Target] => [
        route.path,
        { route, observe: deps.metrics.route(route.method, route.path) },
      ]),
  );
  return (incoming, outgoing) => {
    const target = incoming.method === 'POST' ? direct.get(incoming.url ?? '') : undefined;
    if (target !== undefined && isPlain(incoming)) answer(incoming, outgoing, target, deps);
    else routed(incoming, outgoing);
  };
}

function isPlain({ headers }: IncomingMessage): boolean {
  return headers['content-encoding'] === undefined && Number(headers['content-length']) <= maxBodyBytes;
}

function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { route, observe }: Target,
  deps: GateDeps,
): void {
  const header = headerReader(incoming);
  const call = {
    method: 'POST',
    header,
    remoteAddress: incoming.socket.remoteAddress,
    // A URL with a query is the router's.
    keyInUrl: undefined,
    body: new RequestBody(incoming, header, deps.received),
    route,
    handle: route.handle,
    observe,
  };
  pass(call, deps, (given, headers) => {
    const text = bodyText(given, headers);
    const bytes = Buffer.byteLength(text);
    headers['content-length'] = String(bytes);
    try {
      // Node writes ASCII sooner by the name of Latin 1.
      outgoing.writeHead(given.status, headers).end(text, bytes === text.length ? 'latin1' : 'utf8');
    } catch (error) {
      // Thrown to whoever has the answer, it would end the round of all others.
      deps.logger.error({ err: error, requestId: headers['x-request-id'] }, 'responding failed');
      outgoing.destroy();
    }
  });
}
