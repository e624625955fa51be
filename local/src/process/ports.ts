// Loopback ports: finding free ones and seeing which are taken.
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The only address anything here listens on. */
export const loopback = '127.0.0.1';

async function tryListen(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, loopback);
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}

/** Whether something already listens on that port of the loopback address. */
export async function isPortTaken(port: number): Promise<boolean> {
  return (await tryListen(port)) === undefined;
}

/** A port of the loopback address on which nothing listens now. */
export async function freePort(): Promise<number> {
  const port = await tryListen(0);
  if (port === undefined) throw new Error(`finding a free port on ${loopback}: none to be had`);
  return port;
}
