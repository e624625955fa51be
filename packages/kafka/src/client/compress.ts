// Compresses the records of batches, as fast as each algorithm can.
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Compression, Compressor } from '../format/compression.ts';
import { lz4Compress } from './wire.ts';

const fastest = 1;
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: fastest } };

const compressors: Readonly<Record<Compression, Compressor | undefined>> = {
  none: undefined,
  gzip: { bits: 1, compress: (records) => gzipSync(records, { level: fastest }) },
  lz4: { bits: 3, compress: lz4Compress },
  zstd: { bits: 4, compress: (records) => zstdCompressSync(records, zstdOptions) },
};

/** What compresses so; undefined where records are written as they are. */
export function compressorOf(compression: Compression): Compressor | undefined {
  return compressors[compression];
}
