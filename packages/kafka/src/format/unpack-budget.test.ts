// Decompression bombs: kilobytes that become gigabytes end in an error, and no room is made for them.
import { compressionsAlgorithms } from '@platformatic/kafka';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decompress } from '../client/decompress.ts';
import { writeBatches } from '../testing/batches.ts';
import { readBatches } from './read-batches.ts';
import { defaultMaxUnpackedBytes, UnpackBudget } from './unpack-budget.ts';

const megabyte = 1024 * 1024;
const zeros = Buffer.alloc(16 * megabyte);

/** A batch of one record that names a compression, with these bytes in its place. */
function batchOf(bits: number, packed: Buffer, baseOffset = 0): Buffer {
  return writeBatches([{ key: null, value: 'x', timestamp: 0, headers: [] }], {
    baseOffset,
    compression: { bits, compress: () => packed },
  });
}

const snappyChunk = compressionsAlgorithms.snappy.compressSync(zeros);
function framedSnappy(chunks: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(snappyChunk.length);
  const header = Buffer.from('82534e41505059000000000100000001', 'hex');
  return Buffer.concat([header, ...Array.from({ length: chunks }, () => [length, snappyChunk]).flat()]);
}

const bombs: readonly [name: string, bits: number, packed: Buffer][] = [
  ['gzip', 1, gzipSync(zeros)],
  ['snappy', 2, snappyChunk],
  ['snappy, framed', 2, framedSnappy(2)],
  ['snappy that claims 4 GiB', 2, Buffer.from('ffffffff0f00', 'hex')],
  ['lz4', 3, compressionsAlgorithms.lz4.compressSync(zeros)],
  ['zstd', 4, zstdCompressSync(zeros)],
];

describe.each(bombs)('%s', (_name, bits, packed) => {
  test('ends the read, and makes no room', () => {
    const before = process.memoryUsage();
    const read = (): unknown =>
      readBatches(batchOf(bits, packed, 7), 0, [], decompress, new UnpackBudget(megabyte));
    expect(read).toThrow('the compressed batch at offset 7 (1 records) unpacks to more than 1048576 bytes');
    const { arrayBuffers, external } = process.memoryUsage();
    expect(Math.max(arrayBuffers - before.arrayBuffers, external - before.external)).toBeLessThan(
      12 * megabyte,
    );
  });

  test('is fetched again where others took the room', () => {
    const small = batchOf(
      1,
      gzipSync(
        writeBatches([{ key: null, value: 'x', timestamp: 0, headers: [] }], { baseOffset: 0 }).subarray(61),
      ),
      6,
    );
    const both = Buffer.concat([small, batchOf(bits, packed, 7)]);
    const { records, nextOffset, epochs } = readBatches(both, 0, [], decompress, new UnpackBudget(megabyte));
    expect([records.length, nextOffset, epochs.length]).toEqual([1, 7, 1]);
  });
});

test('a batch that claims more records than there is room for is not begun', () => {
  const batch = batchOf(4, zstdCompressSync(Buffer.from('few')));
  batch.writeInt32BE(2 ** 31 - 1, 57);
  expect(() => readBatches(batch, 0, [], decompress, new UnpackBudget(defaultMaxUnpackedBytes))).toThrow(
    '(2147483647 records) unpacks to more than',
  );
});
