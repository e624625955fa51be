// Batches that are written compressed.
import { array, assert, nat, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { compressorOf } from '../client/compress.ts';
import { decompress } from '../client/decompress.ts';
import { crc32c } from '../client/wire.ts';
import type { Compression } from './compression.ts';
import { encodeRecordBatch, recordBytes, RecordSlabs } from './encoded-records.ts';
import { readBatches } from './read-batches.ts';
import { PartitionBatches, sealBatch } from './record-batches.ts';

const producer = { producerId: 7n, producerEpoch: 1, transactional: true };
const algorithms = ['gzip', 'lz4', 'zstd'] as const;
const bitsOf = (batch: Buffer): number => batch.readInt16BE(21) & 0x07;

/** A batch of these values, by each of the two encoders. */
function bothWays(values: readonly string[], compression: Compression): Buffer[] {
  const open = new PartitionBatches();
  const slabs = new RecordSlabs();
  const encoded = values.map((value, timestamp) => {
    open.append(timestamp, 'key', value, []);
    const record = { key: 'key', value, timestamp };
    return slabs.encode(record, recordBytes(record));
  });
  const [batch] = open.batches;
  if (!batch) throw new Error('no batch');
  return [
    sealBatch(batch, producer, 42, crc32c, compressorOf(compression)),
    encodeRecordBatch(encoded, producer, 42, crc32c, compressorOf(compression)),
  ];
}

test.each(algorithms)('%s: what is written is read again, and its sum is right', (compression) => {
  assert(
    property(array(string(), { minLength: 1, maxLength: 30 }), nat(200), (some, times) => {
      const values = some.map((value) => value + 'many of one kind'.repeat(times));
      for (const batch of bothWays(values, compression)) {
        const { records, nextOffset } = readBatches(batch, 0, [], decompress);
        expect(records.map(({ value, timestamp }) => [value?.toString(), timestamp])).toEqual(
          values.map((value, timestamp) => [value, timestamp]),
        );
        expect(nextOffset).toBe(values.length);
        expect(batch.readUInt32BE(17)).toBe(crc32c(batch.subarray(21)));
        expect([batch.readInt32BE(8), batch.readInt32BE(53)]).toEqual([batch.length - 12, 42]);
      }
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['none', 0, 12_000],
  ['gzip', 1, 2_000],
  ['lz4', 3, 3_000],
  ['zstd', 4, 2_000],
] as const)('%s is named in the attributes of a batch', (compression, bits, mostBytes) => {
  const values = Array.from({ length: 200 }, (_, n) => `the value of record ${n}, and more of it`);
  for (const batch of bothWays(values, compression)) {
    expect(bitsOf(batch)).toBe(bits);
    expect(batch.length).toBeLessThan(mostBytes);
  }
});

test.each(algorithms)('%s: what does not get smaller, or is small, is written as it is', (compression) => {
  const open = new PartitionBatches();
  open.append(0, null, crypto.getRandomValues(Buffer.alloc(6_000)), []);
  const [batch] = open.batches;
  if (!batch) throw new Error('no batch');
  expect(bitsOf(sealBatch(batch, producer, 0, crc32c, compressorOf(compression)))).toBe(0);
  for (const small of bothWays(['small'], compression)) expect(bitsOf(small)).toBe(0);
});
