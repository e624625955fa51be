// Loopback ports: finding free ones and seeing which are taken.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The only address anything here listens on. */
export const loopback = '127.0.0.1';

// Below the ports that systems give to outgoing connections,
// any of which could take a port before its part does.
const lowest = 20_000;
const highest = 32_000;

// Never the same twice from one process: the first may not be listened on yet.
const given = new Set<number>();

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, loopback);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}

/** Whether something already listens on that port of the loopback address. */
export async function isPortTaken(port: number): Promise<boolean> {
  return !(await canListen(port));
}

/**
 * A port of the loopback address on which nothing listens now,
 * and which this process has not been given before.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port)) return port;
  }
  throw new Error(`finding a free port on ${loopback}: none between ${lowest} and ${highest}`);
}
