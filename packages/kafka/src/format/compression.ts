// Compression of record batches as they are written: the records of a batch as a whole, behind its header.
// Source: the Kafka protocol guide, "Record Batch", attributes.

/** How the records of a batch are written. Every client reads gzip; kafkajs needs codecs for lz4 and zstd. */
export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd';

/** The bits of a batch's attributes that name its compression. Snappy is only read. */
export const compressionBits = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Compresses the records of batches. */
export interface Compressor {
  /** The bits of a batch's attributes that name the compression. */
  readonly bits: number;
  compress(records: Buffer): Buffer;
}

/** To compress fewer bytes costs more than it saves: 40 to 80 µs for any batch. */
const leastBytes = 4_096;

/** The records compressed behind the room for a header; undefined where that is not worth it. */
export function compressRecords(
  records: Buffer,
  compressor: Compressor,
  headerBytes: number,
): Buffer | undefined {
  if (records.length < leastBytes) return undefined;
  const compressed = compressor.compress(records);
  if (compressed.length >= records.length) return undefined;
  const bytes = Buffer.allocUnsafe(headerBytes + compressed.length);
  compressed.copy(bytes, headerBytes);
  return bytes;
}
