// Reading a request's body: up to a limit, whatever Content-Length says, and unpacked up to the same limit.
import { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { FailureError } from '@activity/service';
import type { CountedBody, ReceivedBytes } from './received-bytes.ts';
import { Slots } from './slots.ts';

/** Reads a header, by its name in lower case. */
type HeaderReader = (name: string) => string | undefined;

/** The body of one request. */
export class RequestBody implements CountedBody {
  since = 0;
  held = 0;
  older: CountedBody | undefined = undefined;
  newer: CountedBody | undefined = undefined;
  readonly #from: IncomingMessage | Request;
  readonly #header: HeaderReader;
  readonly #received: ReceivedBytes;
  #limit = 0;
  #buffer: Uint8Array = noBytes;
  #length = 0;
  #onFailure: ((error: unknown) => void) | undefined;
  /** Refused, or given back: what still comes is not looked at. */
  #over = false;

  /** `from` is Node's own request where there is one: reading it is much cheaper than reading the web one. */
  constructor(from: IncomingMessage | Request, header: HeaderReader, received: ReceivedBytes) {
    this.#from = from;
    this.#header = header;
    this.#received = received;
  }

  /**
   * The body's bytes, unpacked from gzip, deflate or br.
   *
   * @throws FailureError too-large where there are more than `limit`, packed or unpacked: what is beyond is
   * neither read nor unpacked; unsupported-media-type for another encoding; validation where the bytes are
   * not what the encoding says; unavailable where all bodies together hold too much; timeout where this one
   * is slow and others need its room.
   */
  read(limit: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.receive(limit, resolve, reject);
    });
  }

  /** The same for whoever wants no promise: calls back once. `onBytes` must not throw. */
  receive(limit: number, onBytes: (bytes: Buffer) => void, onFailure: (error: unknown) => void): void {
    const encoding = this.#header('content-encoding');
    if (Number(this.#header('content-length')) > limit) return onFailure(tooLarge(limit));
    this.#limit = limit;
    if (encoding !== undefined) void this.#unpacked(encoding).then(onBytes, onFailure);
    else this.#receive(onBytes, onFailure);
  }

  /**
   * Gives back the room of its bytes: when they are parsed, at the latest with the end of the request.
   * Idempotent.
   */
  release(): void {
    this.#over = true;
    this.#received.release(this);
    this.#buffer = noBytes;
  }

  refuse(failure: unknown): void {
    this.#onFailure?.(failure);
  }

  async #unpacked(encoding: string): Promise<Buffer> {
    const unpack = unpackers.get(encoding.trim().toLowerCase());
    if (unpack === undefined) {
      throw new FailureError({
        kind: 'unsupported-media-type',
        message: `Content-Encoding must be one of ${[...unpackers.keys()].join(', ')}`,
      });
    }
    const packed = await new Promise<Buffer>((resolve, reject) => {
      this.#receive(resolve, reject);
    });
    return unpacking.run(async () => {
      const bytes = await unpackAll(unpack, packed, this.#limit);
      this.#received.take(this, bytes.length);
      return bytes;
    });
  }

  #receive(onBytes: (bytes: Buffer) => void, onFailure: (error: unknown) => void): void {
    this.#received.begin(this);
    if (this.#from instanceof IncomingMessage) this.#readIncoming(this.#from, onBytes, onFailure);
    else void this.#readWeb(this.#from).then(onBytes, onFailure);
  }

  #readIncoming(
    incoming: IncomingMessage,
    onBytes: (bytes: Buffer) => void,
    onFailure: (error: unknown) => void,
  ): void {
    this.#onFailure = (error) => {
      if (this.#over) return;
      this.#over = true;
      onFailure(error);
    };
    let chunks = 0;
    incoming.on('data', (chunk: Buffer) => {
      // Read and dropped.
      if (this.#over) return;
      try {
        this.#add(chunk);
        if (++chunks > fewChunks && this.#length < chunks * smallChunk) throw tooManyChunks(incoming);
      } catch (error) {
        this.refuse(error);
      }
    });
    incoming.on('end', () => {
      if (!this.#over) onBytes(this.#complete());
    });
    // The last event in any case; Node emits `error` before it only where somebody listens.
    incoming.on('close', () => {
      if (!incoming.complete) this.refuse(cutOff());
    });
  }

  async #readWeb(web: Request): Promise<Buffer> {
    if (web.body !== null) for await (const chunk of web.body) this.#add(chunk);
    return this.#complete();
  }

  #complete(): Buffer {
    this.#received.complete(this);
    return Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset, this.#length);
  }

  // Most bodies are one chunk, which is kept as it is. More are copied together as they come: a megabyte in
  // chunks of one byte would be a million buffers.
  #add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#limit) throw tooLarge(this.#limit);
    if (this.#length === 0) {
      this.#received.take(this, chunk.length);
      this.#buffer = chunk;
    } else {
      if (length > this.#buffer.length) this.#makeRoom(length);
      this.#buffer.set(chunk, this.#length);
    }
    this.#length = length;
  }

  #makeRoom(length: number): void {
    const capacity = Math.min(this.#limit, Math.max(2 * length, 4_096));
    this.#received.take(this, capacity - this.#buffer.length);
    const larger = Buffer.allocUnsafeSlow(capacity);
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Up to 500 chunks may be of any size; more must have 16 bytes each on average. */
const fewChunks = 500;
const smallChunk = 16;

const noBytes = new Uint8Array(0);

/** A kilobyte may become a megabyte: this is how many are unpacked at one time. */
const unpacking = new Slots(4);

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

function tooLarge(limit: number): FailureError {
  return new FailureError({ kind: 'too-large', message: `the body must not exceed ${limit} bytes` });
}

/** Node calls back for each chunk: 64 KB of chunks of one byte would hold the event loop for 100 ms. */
function tooManyChunks(incoming: IncomingMessage & { _dump?: () => void }): FailureError {
  // As Node does with what nobody reads: most of what has arrived is passed over, rather than called back.
  incoming._dump?.();
  return new FailureError({
    kind: 'too-large',
    message: 'the body comes in too many small chunks: send larger ones',
    close: true,
  });
}

function cutOff(): FailureError {
  return new FailureError({ kind: 'validation', details: [{ field: 'body', message: 'ended too early' }] });
}
