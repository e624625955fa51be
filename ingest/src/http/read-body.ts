// Reading a request's body: up to a limit, whatever Content-Length says, and unpacked up to the same limit.
import { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { FailureError } from '@activity/service';

/** A request as far as its body goes. */
export interface BodySource {
  /** Node's own request where there is one: reading it is much cheaper than reading the web one. */
  from: IncomingMessage | Request;
  header: (name: string) => string | undefined;
}

/**
 * The body's bytes, unpacked from gzip, deflate or br.
 *
 * @throws FailureError too-large where there are more than `limit`, packed or unpacked: what is beyond is neither read nor
 * unpacked; unsupported-media-type for another encoding; validation where the bytes are not what the encoding says.
 */
export function readBody(source: BodySource, limit: number): Promise<Buffer> {
  const encoding = source.header('content-encoding');
  if (Number(source.header('content-length')) > limit) return Promise.reject(tooLarge(limit));
  return encoding === undefined ? readBytes(source, limit) : readPacked(source, limit, encoding);
}

function readBytes({ from }: BodySource, limit: number): Promise<Buffer> {
  return from instanceof IncomingMessage ? readIncoming(from, limit) : readWeb(from, limit);
}

async function readPacked(source: BodySource, limit: number, encoding: string): Promise<Buffer> {
  const unpack = unpackers.get(encoding.trim().toLowerCase());
  if (unpack === undefined) {
    throw new FailureError({
      kind: 'unsupported-media-type',
      message: `Content-Encoding must be one of ${[...unpackers.keys()].join(', ')}`,
    });
  }
  return unpackAll(unpack, await readBytes(source, limit), limit);
}

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const inflateZlib = promisify(inflate);
const inflateBare = promisify(inflateRaw);

const unpackers = new Map<string, Unpack>([
  ['identity', async (bytes) => bytes],
  ['gzip', promisify(gunzip)],
  // Some clients send the bare stream under this name: a zlib header is known by its method.
  [
    'deflate',
    async (bytes, options) => ((bytes[0] ?? 0) % 16 === 8 ? inflateZlib : inflateBare)(bytes, options),
  ],
  ['br', promisify(brotliDecompress)],
]);

async function unpackAll(unpack: Unpack, bytes: Buffer, limit: number): Promise<Buffer> {
  try {
    return await unpack(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit);
    throw new FailureError({
      kind: 'validation',
      details: [{ field: 'body', message: 'is not what its Content-Encoding says' }],
    });
  }
}

function readIncoming(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        incoming.removeAllListeners('data');
        reject(tooLarge(limit));
      } else {
        chunks.push(chunk);
      }
    });
    incoming.on('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length));
    });
    incoming.on('error', () => reject(cutOff()));
    incoming.on('close', () => {
      if (!incoming.complete) reject(cutOff());
    });
  });
}

async function readWeb(web: Request, limit: number): Promise<Buffer> {
  if (web.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of web.body) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(limit: number): FailureError {
  return new FailureError({ kind: 'too-large', message: `the body must not exceed ${limit} bytes` });
}

function cutOff(): FailureError {
  return new FailureError({ kind: 'validation', details: [{ field: 'body', message: 'ended too early' }] });
}
