// A broker that is too old, or too new, for a request: the error says which versions there are, and what is
// needed.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Link } from './link.ts';
import { wire } from './wire.ts';

const apiVersions = 18;
let server: Server | undefined;

/** The tagged fields of a broker that supports `metadata.version` from 1 up to a level. */
function metadataVersionUpTo(level: number): Buffer {
  const name = Buffer.from('metadata.version');
  const field = Buffer.from([2, name.length + 1, ...name, 0, 1, 0, level, 0]);
  return Buffer.from([1, 0, field.length, ...field]);
}

/** Starts a broker that returns this to each request, after the request's number. Resolves with its port. */
async function brokerThatReturns(returned: Buffer): Promise<number> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (request) => {
      const body = Buffer.concat([request.subarray(8, 12), returned]);
      const size = Buffer.alloc(4);
      size.writeInt32BE(body.length);
      socket.write(Buffer.concat([size, body]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * A broker that has these requests in these versions, and returns nothing but that. Resolves with its port.
 */
function brokerWith(
  versions: readonly [key: number, min: number, max: number][],
  tagged: Buffer = Buffer.from([0]),
): Promise<number> {
  const entries = Buffer.concat(
    [[apiVersions, 0, 4] as const, ...versions].map(([key, min, max]) => {
      const entry = Buffer.alloc(7);
      [key, min, max].forEach((number, at) => entry.writeInt16BE(number, at * 2));
      return entry;
    }),
  );
  const throttle = Buffer.alloc(4);
  return brokerThatReturns(
    Buffer.concat([Buffer.from([0, 0, versions.length + 2]), entries, throttle, tagged]),
  );
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
  await expect(asking).rejects.toThrowError('this client needs Kafka 4.x: brokers of 4.0 or newer');
  await link.close();
});

async function refusalOf(port: number): Promise<unknown> {
  const link = new Link('127.0.0.1', port, { clientId: 'test', requestTimeoutMs: 5_000, security: {} });
  const refusal = await link.call('asking for metadata', wire.metadata, ['t'], false, false).catch(String);
  await link.close();
  return refusal;
}

test.each([
  [1, '3.0 to 3.2'],
  [8, '3.4'],
  [19, '3.7'],
  [20, '3.8'],
  [21, '3.9'],
  [24, '3.9'],
])('a broker that knows metadata.version up to %i is of Kafka %s', async (level, release) => {
  const { key, version } = wire.metadata;
  const port = await brokerWith([[key, 0, version]], metadataVersionUpTo(level));
  const found = `is of Kafka ${release} (it knows metadata.version up to ${level})`;
  expect(await refusalOf(port)).toBe(
    `FatalError: the broker at 127.0.0.1:${port} ${found}; this client needs Kafka 4.x: brokers of 4.0 or newer`,
  );
});

test('a broker of Kafka 4.0 is asked for what it supports', async () => {
  const { key, version } = wire.metadata;
  const port = await brokerWith([[key, 0, version - 1]], metadataVersionUpTo(25));
  expect(await refusalOf(port)).toContain(`supports versions 0 to ${version - 1}`);
});

test('a broker of before Kafka 2.4 does not know how versions are asked for', async () => {
  // UNSUPPORTED_VERSION, in the form of version 0.
  const port = await brokerThatReturns(Buffer.from([0, 35, 0, 0, 0, 0]));
  expect(await refusalOf(port)).toContain('this client needs Kafka 4.x: brokers of 4.0 or newer');
});
