// Compresses the records of batches, as fast as each algorithm can.
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { compressionBits, type Compression, type Compressor } from '../format/compression.ts';
import { lz4Compress } from './wire.ts';

const fastest = 1;
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: fastest } };

const compressors: Readonly<Record<Compression, Compressor | undefined>> = {
  none: undefined,
  gzip: { bits: compressionBits.gzip, compress: (records) => gzipSync(records, { level: fastest }) },
  lz4: { bits: compressionBits.lz4, compress: lz4Compress },
  zstd: { bits: compressionBits.zstd, compress: (records) => zstdCompressSync(records, zstdOptions) },
};

/** The compressor of a compression; undefined for `none`: the records are written as they are. */
export function compressorOf(compression: Compression): Compressor | undefined {
  return compressors[compression];
}
