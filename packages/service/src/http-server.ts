// Making, listening and closing of a node HTTP server: stops accepting, finishes what is in flight, then
// closes.
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerTls } from './tls.ts';

/** How long a client may take for its TLS handshake, in milliseconds. */
const handshakeTimeout = 10_000;

/** Makes a server: of HTTPS where there is a certificate, of HTTP otherwise. */
export function createHttpServer(options: ServerOptions, listener: RequestListener, tls?: ServerTls): Server {
  if (tls === undefined) return createServer(options, listener);
  return createTlsServer({ ...options, ...tls, handshakeTimeout }, listener);
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
