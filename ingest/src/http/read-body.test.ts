import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReceivedBytes } from './received-bytes.ts';
import { RequestBody } from './read-body.ts';

async function read(
  bytes: Uint8Array<ArrayBuffer>,
  contentEncoding: string | undefined,
  limit = 1_000,
): Promise<string> {
  const web = new Request('http://edge/', { method: 'POST', body: bytes });
  const header = (name: string) => (name === 'content-encoding' ? contentEncoding : undefined);
  const body = new RequestBody(web, header, new ReceivedBytes({ maxBytes: 10_000 }));
  return (await body.read(limit)).toString();
}

const packers = [
  ['gzip', gzipSync],
  ['GZIP ', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['identity', (bytes: Buffer) => bytes],
  [undefined, (bytes: Buffer) => bytes],
] as const;

test.each(packers)('unpacks %s', async (encoding, pack) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 300 }), async (text) => {
      expect(await read(Uint8Array.from(pack(Buffer.from(text))), encoding)).toBe(text);
    }),
    { numRuns: 50 },
  );
});

test.each(packers)('does not unpack more than the limit (%s)', async (encoding, pack) => {
  const exact = Buffer.alloc(1_000, 'x');
  expect(await read(Uint8Array.from(pack(exact)), encoding)).toHaveLength(1_000);
  const bomb = Uint8Array.from(pack(Buffer.alloc(5_000_000, 'x')));
  await expect(read(bomb, encoding)).rejects.toMatchObject({ failure: { kind: 'too-large' } });
});

test.each(['gzip', 'deflate', 'br'])('says so where the bytes are not %s', async (encoding) => {
  const cut = Uint8Array.from(gzipSync('some text that was cut').subarray(0, -9));
  await expect(read(cut, encoding)).rejects.toMatchObject({ failure: { kind: 'validation' } });
});

test.each(['zstd', 'gzip, br', 'x'])('does not know %s', async (encoding) => {
  await expect(read(Uint8Array.of(1), encoding)).rejects.toMatchObject({
    failure: { kind: 'unsupported-media-type' },
  });
});

test('a body that was refused goes on to its end, and nobody minds', async () => {
  const incoming = new IncomingMessage(new Socket());
  const body = new RequestBody(incoming, () => undefined, new ReceivedBytes({ maxBytes: 10_000 }));
  const reading = body.read(4);
  incoming.push('abc');
  incoming.push('defg');
  await expect(reading).rejects.toMatchObject({ failure: { kind: 'too-large' } });
  body.release();
  const ended = once(incoming, 'end');
  incoming.push('more');
  incoming.push(null);
  await ended;
});

test.each([
  ['1,000 chunks of 20 bytes are a body', 1_000, 20, { length: 20_000 }],
  ['400 chunks of one byte are a body', 400, 1, { length: 400 }],
  [
    '1,000 chunks of one byte are refused, and the connection is closed',
    1_000,
    1,
    { failure: { kind: 'too-large', close: true } },
  ],
])('%s', async (_what, count, size, outcome) => {
  const incoming = new IncomingMessage(new Socket());
  const body = new RequestBody(incoming, () => undefined, new ReceivedBytes({ maxBytes: 100_000 }));
  const reading = body.read(50_000);
  for (let sent = 0; sent < count; sent++) incoming.push('x'.repeat(size));
  incoming.push(null);
  expect(await reading.catch((error: unknown) => error)).toMatchObject(outcome);
});
