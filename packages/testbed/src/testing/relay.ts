// A TCP relay for tests: makes a server reachable at another address of this machine, until it is closed.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * Relays connections from `from` to 127.0.0.1, at the same port.
 * Returns what ends it and all of its connections.
 */
export async function relay(from: string, port: number): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(port, from);
  await once(server, 'listening');
  return async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}
