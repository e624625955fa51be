// Decompresses the records of batches, but no more than there is room for.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FatalError } from '../errors.ts';
import { compressionBits } from '../format/compression.ts';
import { lz4Size, snappySize } from '../format/unpacked-size.ts';
import { codecOf } from './wire.ts';

const { gzip, snappy, lz4, zstd } = compressionBits;

function hasNoRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function inflate(
  inflated: (options: { maxOutputLength: number }) => Buffer,
  maxBytes: number,
): Buffer | undefined {
  if (maxBytes < 1) return undefined;
  try {
    return inflated({ maxOutputLength: maxBytes });
  } catch (error) {
    if (hasNoRoom(error)) return undefined;
    throw error;
  }
}

/**
 * The records of a batch; `algorithm` is the bits of its attributes. Undefined where they have more than
 * `maxBytes` bytes: no room was made for more.
 * @throws FatalError with BROKER_REFUSED for an algorithm that Kafka does not have.
 */
export function decompress(algorithm: number, bytes: Buffer, maxBytes: number): Buffer | undefined {
  const room = Math.min(maxBytes, 2 ** 31 - 1);
  if (algorithm === gzip) return inflate((options) => gunzipSync(bytes, options), room);
  if (algorithm === zstd) return inflate((options) => zstdDecompressSync(bytes, options), room);
  const found = codecOf(algorithm);
  if (!found) throw new FatalError('BROKER_REFUSED', `unknown compression ${algorithm} in a record batch`);
  if (algorithm === snappy && snappySize(bytes) > room) return undefined;
  if (algorithm === lz4 && lz4Size(bytes, room) > room) return undefined;
  return found.decompressSync(bytes);
}
