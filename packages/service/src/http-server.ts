// Making, listening and closing of a node HTTP server: stops accepting, finishes what is in flight, then
// closes.
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { failureAnswer } from './failure.ts';
import { pace } from './pace.ts';
import type { ServerTls } from './tls.ts';

/** How long a client may take for its TLS handshake, in milliseconds. */
const handshakeTimeout = 10_000;

/** The requests of one connection that may wait for the answers before theirs. */
const mostQueued = 100;
/** With more than these the connection ends at once: Node would keep all that is sent. */
const mostIgnored = 300;

/**
 * Makes a server: of HTTPS where there is a certificate, of HTTP otherwise. A client that sends more than 101
 * requests without waiting for their answers gets 503, and its connection is closed.
 */
export function createHttpServer(options: ServerOptions, listener: RequestListener, tls?: ServerTls): Server {
  const limited = limitQueued(listener);
  if (tls === undefined) return createServer(options, limited);
  return createTlsServer({ ...options, ...tls, handshakeTimeout }, limited);
}

/**
 * Node begins all requests that have arrived on a connection in one turn of the event loop, and keeps each
 * until it is answered. Here those behind the first begin at the process's pace, in their order.
 */
function limitQueued(listener: RequestListener): RequestListener {
  const queued = new WeakMap<Socket, number>();
  /** The last request of a connection that waits to begin. */
  const resting = new WeakMap<Socket, Promise<void>>();

  function isOneTooMany({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const count = (queued.get(socket) ?? 0) + 1;
    queued.set(socket, count);
    if (count <= mostQueued) {
      response.once('close', () => queued.set(socket, (queued.get(socket) ?? 1) - 1));
      return false;
    }
    // Behind the first that is refused the connection ends: nobody reads the answers to the others.
    if (count === mostQueued + 1) refuse(response);
    if (count > mostIgnored) socket.destroy();
    return true;
  }

  async function beginBehind(
    before: Promise<void> | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    await before;
    if (pace.due) await pace.rest();
    if (!request.socket.destroyed) listener(request, response);
  }

  return (request, response) => {
    // A response has no socket while others are before it.
    if (response.socket !== null) return listener(request, response);
    if (isOneTooMany(request, response)) return;
    const { socket } = request;
    const before = resting.get(socket);
    if (before === undefined && !pace.due) return listener(request, response);
    const begun = beginBehind(before, request, response).finally(() => {
      if (resting.get(socket) === begun) resting.delete(socket);
    });
    resting.set(socket, begun);
  };
}

function refuse(response: ServerResponse): void {
  const { status, headers, body } = failureAnswer({
    kind: 'unavailable',
    message: `more than ${mostQueued} requests wait on this connection: wait for their answers`,
    retryAfterSeconds: 1,
  });
  response.writeHead(status, { ...headers, 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body));
}

/** A server that listens. */
export interface ListeningServer {
  /** The port it listens on, also where 0 was asked for. */
  port: number;
  /**
   * Refuses new connections, lets requests in flight finish for `graceMs`,
   * resolves when the last has. Idempotent.
   */
  close: () => Promise<void>;
}

/**
 * Starts listening.
 *
 * @throws Error naming the address and the remedy where it cannot.
 */
export async function listen(
  server: Server,
  port: number,
  host: string,
  { graceMs = 7_000 }: { graceMs?: number } = {},
): Promise<ListeningServer> {
  const sockets = new Set<Socket>();
  function track(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  server.on('connection', track);
  // The same connection once more, after its handshake: what was read of this one is what the client has
  // sent.
  server.on('secureConnection', track);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'the port is taken: stop what uses it or set another' : error.message;
      reject(new Error(`listening on ${host}:${port}: ${reason}`, { cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  const address = server.address();
  let closing: Promise<void> | undefined;
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => (closing ??= closeServer(server, sockets, graceMs)),
  };
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  function closeIdle(): void {
    server.closeIdleConnections();
    // Node counts as busy who has not sent anything yet: browsers open connections that they may need.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  // Keep-alive clients are told with the answer they wait for; those that wait for nothing are closed.
  server.prependListener('request', (_request, response) => {
    response.setHeader('connection', 'close');
  });
  const idle = setInterval(closeIdle, 50);
  // Who has begun a request and does not end it must not keep the service from ending.
  const late = setTimeout(() => {
    server.closeAllConnections();
    // A handshake that does not end is no connection of HTTP yet.
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  try {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      closeIdle();
    });
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
}
