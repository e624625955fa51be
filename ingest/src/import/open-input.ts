// The bytes of a file or of standard input, unpacked where they are gzip, from any position on.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** What is imported. */
export interface Input {
  /** For messages and for ids. */
  name: string;
  /** Its size as it is stored, in bytes; undefined where only its end says it. */
  size: number | undefined;
  /** A hash of its size and its beginning: another file has another one. */
  fingerprint: string;
  /** Its beginning, unpacked. */
  head: Buffer;
  /** How much of it was read, as it is stored, in bytes. */
  read: () => number;
  /** Its bytes, unpacked, from a position on. Can be called once. */
  chunks: (from: number) => AsyncGenerator<Buffer, void, undefined>;
  close: () => void;
}

/** How a file is opened. */
export interface InputOptions {
  /** Another name than its own. */
  name?: string;
  /** What standard input is. */
  stdin?: Readable;
}

/** The gzip of a file is wrong: what is behind that place cannot be read. */
export class PackingError extends Error {
  /** What to do about it. */
  readonly remedy = 'get the whole file, and import it by --again';

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

const chunkBytes = 262_144;
const headBytes = 65_536;

/** Names of standard input on the command line. */
export const standardInput = '-';

/**
 * Opens a file, or standard input for `-`.
 *
 * @throws Error where it cannot be read, or is packed or written in a way that is not known.
 */
export async function openInput(
  file: string,
  { name = file === standardInput ? 'stdin' : basename(file), stdin = process.stdin }: InputOptions = {},
): Promise<Input> {
  const size = file === standardInput ? undefined : await sizeOf(file);
  let read = 0;
  async function* counted(source: Readable): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  }
  const streams: Readable[] = [];
  function stored(start: number): AsyncGenerator<Buffer, void, undefined> {
    const source = size === undefined ? stdin : createReadStream(file, { start, highWaterMark: chunkBytes });
    streams.push(source);
    read = start;
    return counted(source);
  }

  let source = stored(0);
  const raw = await headOf(source);
  const gzip = raw.head[0] === 0x1f && raw.head[1] === 0x8b;
  const fingerprint = createHash('sha256')
    .update(`${size}|`)
    .update(raw.head.subarray(0, headBytes))
    .digest('hex');
  let unpacked = gzip ? gunzip(name, raw.all, streams) : raw.all;
  const { head, all } = await headOf(unpacked);
  unpacked = all;
  refuseUnknown(name, head);
  return {
    name,
    size,
    fingerprint,
    head,
    read: () => read,
    async *chunks(from) {
      if (from > 0 && !gzip && size !== undefined) {
        await unpacked.return();
        source = stored(from);
        yield* source;
        return;
      }
      let left = from;
      for await (const chunk of unpacked) {
        if (left < chunk.length) yield chunk.subarray(left);
        left = Math.max(0, left - chunk.length);
      }
    },
    close() {
      for (const stream of streams) stream.destroy();
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  const handle = await open(file);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error(`${file} is no file`);
    return found.size;
  } finally {
    await handle.close();
  }
}

interface Begun {
  head: Buffer;
  /** The head again, and what follows. */
  all: AsyncGenerator<Buffer, void, undefined>;
}

async function headOf(chunks: AsyncGenerator<Buffer, void, undefined>): Promise<Begun> {
  const first: Buffer[] = [];
  let length = 0;
  while (length < headBytes) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  async function* all(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* first;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  }
  return { head: Buffer.concat(first), all: all() };
}

async function* gunzip(
  name: string,
  chunks: AsyncGenerator<Buffer, void, undefined>,
  streams: Readable[],
): AsyncGenerator<Buffer, void, undefined> {
  const unpacking = createGunzip({ chunkSize: chunkBytes });
  streams.push(unpacking);
  // Its failures are those of what is read from it.
  pipeline(Readable.from(chunks), unpacking, () => {});
  try {
    yield* unpacking as AsyncIterable<Buffer>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') throw new PackingError(`${name} is cut off: its gzip has no end`, error);
    if (code?.startsWith('Z_')) throw new PackingError(`${name} is broken gzip: ${message}`, error);
    throw error;
  }
}

const packings: readonly [name: string, bytes: readonly number[]][] = [
  ['a zip archive: unpack it', [0x50, 0x4b, 0x03, 0x04]],
  ['zstd: unpack it with zstd -d', [0x28, 0xb5, 0x2f, 0xfd]],
  ['Parquet: write it as NDJSON', [0x50, 0x41, 0x52, 0x31]],
  ['UTF-16: write it as UTF-8', [0xff, 0xfe]],
  ['UTF-16: write it as UTF-8', [0xfe, 0xff]],
];

function refuseUnknown(name: string, head: Buffer): void {
  const found = packings.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte));
  if (found !== undefined) throw new Error(`${name} is ${found[0]}`);
}
