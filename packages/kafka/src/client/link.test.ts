// A broker that is too old, or too new, for a request: the error says which versions there are, and what is
// needed.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Link } from './link.ts';
import { wire } from './wire.ts';

const apiVersions = 18;
let server: Server | undefined;

/**
 * A broker that has these requests in these versions, and returns nothing but that. Resolves with its port.
 */
async function brokerWith(versions: readonly [key: number, min: number, max: number][]): Promise<number> {
  const entries = Buffer.concat(
    [[apiVersions, 0, 4] as const, ...versions].map(([key, min, max]) => {
      const entry = Buffer.alloc(7);
      [key, min, max].forEach((number, at) => entry.writeInt16BE(number, at * 2));
      return entry;
    }),
  );
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (request) => {
      const body = Buffer.concat([
        request.subarray(8, 12),
        Buffer.from([0, 0, versions.length + 2]),
        entries,
        Buffer.alloc(5),
      ]);
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length);
      socket.write(Buffer.concat([size, body]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(() => server?.close());

test.each<[string, [number, number, number][], string]>([
  ['too old', [[wire.metadata.key, 0, wire.metadata.version - 1]], 'supports versions 0 to '],
  ['too new', [[wire.metadata.key, 90, 99]], 'supports versions 90 to 99'],
  ['without it', [], 'does not know it'],
])('a broker that is %s for a request', async (_what, versions, said) => {
  const port = await brokerWith(versions);
  const link = new Link('127.0.0.1', port, { clientId: 'test', requestTimeoutMs: 5_000, security: {} });
  const asking = link.call('asking for metadata', wire.metadata, ['t'], false, false);
  await expect(asking).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  await expect(asking).rejects.toThrowError(said);
  await expect(asking).rejects.toThrowError('this client needs brokers of Kafka 4.0 or newer');
  await link.close();
});
