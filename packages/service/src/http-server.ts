// Listening and closing of a node HTTP server: stops accepting, finishes what is in flight, then closes.
import type { Server } from 'node:http';

/** A server that listens. */
export interface ListeningServer {
  /** The port it listens on, also where 0 was asked for. */
  port: number;
  /** Refuses new connections, lets requests in flight finish, resolves when the last has. Idempotent. */
  close: () => Promise<void>;
}

/**
 * Starts listening.
 *
 * @throws Error naming the address and the remedy where it cannot.
 */
export async function listen(server: Server, port: number, host: string): Promise<ListeningServer> {
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
    close: () => (closing ??= closeServer(server)),
  };
}

async function closeServer(server: Server): Promise<void> {
  // Keep-alive clients are told with the answer they wait for; those that wait for nothing are closed.
  server.prependListener('request', (_request, response) => {
    response.setHeader('connection', 'close');
  });
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  } finally {
    clearInterval(idle);
  }
}
