// A proxy before a broker that loses requests or answers of chosen kinds,
// or goes silent: a network as it can be.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Kinds of requests, by the protocol's numbers. */
export const apiKeys = {
  produce: 0,
  fetch: 1,
  offsetCommit: 8,
  heartbeat: 12,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const;

/** What becomes of a request. */
export type Fate = 'pass' | 'loseRequest' | 'loseAnswer';

/** A running proxy. A broker that names it in `advertised.listeners` is reached through it only. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Decides about each request from now on. */
  decide: (apiKey: number) => Fate;
  /** Where requests go; set once the broker is up. */
  target: { host: string; port: number };
}

/** Splits what arrives into frames: a length of four bytes, then as many bytes. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    while (pending.length >= 4) {
      const end = 4 + pending.readInt32BE(0);
      if (pending.length < end) break;
      take(pending.subarray(0, end));
      pending = pending.subarray(end);
    }
  });
}

function join(client: Socket, proxy: FaultProxy): void {
  const broker = connect(proxy.target);
  const lost = new Set<number>();
  onFrames(client, (frame) => {
    const fate = proxy.decide(frame.readInt16BE(4));
    if (fate === 'loseRequest') return;
    if (fate === 'loseAnswer') lost.add(frame.readInt32BE(8));
    broker.write(frame);
  });
  onFrames(broker, (frame) => {
    if (!lost.delete(frame.readInt32BE(4))) client.write(frame);
  });
  for (const [one, other] of [
    [client, broker],
    [broker, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

/** Starts a proxy on a free port. */
export async function startFaultProxy(): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const server: Server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    decide: () => 'pass',
    target: { host: '127.0.0.1', port: 0 },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('connection', (client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    join(client, proxy);
  });
  return proxy;
}
