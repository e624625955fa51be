// Compression of record batches as they are written: the records of a batch as a whole, behind its header.
// Source: the Kafka protocol guide, "Record Batch", attributes.
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';

/** How the records of a batch are written. Every Kafka client reads gzip; kafkajs needs a codec for zstd. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** The bits of a batch's attributes that name its compression. */
export const compressionBits: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, zstd: 4 };

/** To compress fewer bytes costs more than it saves: 40 to 80 µs for any batch. */
const leastBytes = 4_096;
const fastest = 1;
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: fastest } };

/** The records compressed behind the room for a header; undefined where that is not worth it. */
export function compressRecords(
  records: Buffer,
  compression: Compression,
  headerBytes: number,
): Buffer | undefined {
  if (compression === 'none' || records.length < leastBytes) return undefined;
  const compressed =
    compression === 'gzip' ? gzipSync(records, { level: fastest }) : zstdCompressSync(records, zstdOptions);
  if (compressed.length >= records.length) return undefined;
  const bytes = Buffer.allocUnsafe(headerBytes + compressed.length);
  compressed.copy(bytes, headerBytes);
  return bytes;
}
