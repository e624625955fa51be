// Record batches: whatever is written is read again by our reader and by kafkajs' decoder.
import * as fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { writeBatches, type TestRecord } from '../testing/batches.ts';
import { plainRecord } from '../testing/plain-record.ts';
import { decompress } from '../client/decompress.ts';
import { crc32c } from '../client/wire.ts';
import type { Header, SourceRecord } from './record.ts';
import { readBatches } from './read-batches.ts';
import { maxBatchBytes, PartitionBatches, RecordBatches, sealBatch } from './record-batches.ts';

const noOne = { producerId: -1n, producerEpoch: -1, transactional: false };

const data: fc.Arbitrary<string | Uint8Array | null> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
  // Of which a few characters are longer than a byte.
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '€', '🌍'), minLength: 20, maxLength: 60 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constant(null),
);
const header: fc.Arbitrary<Header> = fc.record({
  key: fc.string({ unit: 'binary', maxLength: 20 }),
  value: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null }),
});
const time: fc.Arbitrary<number> = fc.oneof(fc.nat(100_000), fc.integer({ min: 0, max: 4_102_444_800_000 }));
const record: fc.Arbitrary<TestRecord> = fc.record({
  key: data,
  value: data,
  timestamp: time,
  headers: fc.array(header, { maxLength: 4 }),
});

function bytesOf(written: string | Uint8Array | null): Buffer | null {
  return written === null ? null : Buffer.from(written);
}

function expected(records: readonly TestRecord[], from: number): SourceRecord[] {
  return records.map(({ key, value, timestamp, headers }, index) => ({
    offset: from + index,
    timestamp,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map(({ key: name, value: bytes }) => ({
      key: name,
      value: bytes && Buffer.from(bytes),
    })),
  }));
}

test('what is in a buffer is written as what is given', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const lying = fc.record({ key: bytes, value: fc.option(bytes, { nil: null }), timestamp: time });
  fc.assert(
    fc.property(fc.array(lying, { minLength: 1, maxLength: 30 }), (records) => {
      const [given, lain] = [new PartitionBatches(), new PartitionBatches()];
      for (const { key, value, timestamp } of records) {
        const source = Buffer.concat([
          Buffer.from('before'),
          key,
          value ?? Buffer.alloc(0),
          Buffer.from('after'),
        ]);
        const keyEnd = 6 + key.length;
        const size = lain.appendBytes(
          timestamp,
          source,
          6,
          keyEnd,
          value === null ? undefined : keyEnd + value.length,
        );
        expect(size).toBe(given.append(timestamp, key, value, []));
      }
      const [one, other] = [given, lain].map(({ batches }) =>
        batches.map((batch) => Buffer.from(sealBatch(batch, noOne, 0, crc32c))),
      );
      expect(other).toEqual(one);
      expect(lain.count).toBe(records.length);
    }),
  );
});

describe('what is written is read again', () => {
  test('keys, values, nulls, headers, times and offsets', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.maxSafeNat(), (records, any) => {
        const baseOffset = Math.min(any, Number.MAX_SAFE_INTEGER - records.length);
        const bytes = writeBatches(records, { baseOffset });
        const read = readBatches(bytes, baseOffset, [], decompress);
        expect(read.records.map(plainRecord)).toEqual(expected(records, baseOffset));
        expect(read.nextOffset).toBe(baseOffset + records.length);
      }),
    );
  });

  test('from the middle of a batch on', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 2, maxLength: 10 }), fc.nat(9), (records, any) => {
        const skipped = any % records.length;
        const bytes = writeBatches(records, { baseOffset: 100 });
        const read = readBatches(bytes, 100 + skipped, [], decompress);
        expect(read.records.map(plainRecord)).toEqual(expected(records, 100).slice(skipped));
        expect(read.nextOffset).toBe(100 + records.length);
      }),
    );
  });

  test('up to the last whole batch of a cut answer', () => {
    const records = [{ key: 'a', value: 'b', timestamp: 1, headers: [] }];
    const first = writeBatches(records, { baseOffset: 0 });
    const second = writeBatches(records, { baseOffset: 1 });
    const both = Buffer.concat([first, second]);
    for (let length = first.length; length < both.length; length++) {
      const read = readBatches(both.subarray(0, length), 0, [], decompress);
      expect(read.records.map(plainRecord)).toEqual(expected(records, 0));
      expect(read.nextOffset).toBe(1);
    }
    expect(readBatches(first.subarray(0, 30), 0, [], decompress)).toMatchObject({
      records: [],
      nextOffset: 0,
    });
  });

  test('with the time of the broker, where the topic is set to it', () => {
    const records = [3, 1, 2].map((timestamp) => ({ key: null, value: 'v', timestamp, headers: [] }));
    const bytes = writeBatches(records, { baseOffset: 0, appendTime: 99 });
    expect(readBatches(bytes, 0, [], decompress).records.map(({ timestamp }) => timestamp)).toEqual([
      99, 99, 99,
    ]);
  });

  test('compressed', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), (records) => {
        const bytes = writeBatches(records, { baseOffset: 7, compression: { bits: 1, compress: gzipSync } });
        expect(readBatches(bytes, 7, [], decompress).records.map(plainRecord)).toEqual(expected(records, 7));
      }),
      { numRuns: 30 },
    );
  });

  test('a compression that nobody knows is an error, not garbage', () => {
    const records = [{ key: 'a', value: 'b', timestamp: 1, headers: [] }];
    const bytes = writeBatches(records, { baseOffset: 0, compression: { bits: 7, compress: (b) => b } });
    expect(() => readBatches(bytes, 0, [], decompress)).toThrowError('unknown compression 7');
  });
});

describe('batches', () => {
  test('are closed before they are larger than the broker takes', () => {
    const batches = new PartitionBatches();
    const value = 'x'.repeat(10_000);
    for (let i = 0; i < 500; i++) batches.append(i, `key ${i}`, value, []);
    expect(batches.count).toBe(500);
    expect(batches.batches.length).toBeGreaterThan(5);
    let offset = 0;
    const keys: string[] = [];
    for (const batch of batches.batches) {
      const bytes = Buffer.from(sealBatch(batch, noOne, 0, crc32c));
      expect(bytes.length).toBeLessThanOrEqual(maxBatchBytes);
      bytes.writeBigInt64BE(BigInt(offset));
      const read = readBatches(bytes, offset, [], decompress);
      keys.push(...read.records.map(({ key }) => String(key)));
      offset = read.nextOffset;
    }
    expect(keys).toEqual(Array.from({ length: 500 }, (_, i) => `key ${i}`));
  });

  test('a record larger than a batch is alone in one', () => {
    const batches = new PartitionBatches();
    for (const size of [10, 950_000, 10]) batches.append(1, null, 'x'.repeat(size), []);
    expect(batches.batches.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('grow with the first record that has no room, and copy what they hold', () => {
    const batches = new PartitionBatches();
    const values = [10, 20_000, 16_000, 70_000, 5].map((size, i) => String(i).repeat(size));
    for (const value of values) batches.append(1, null, value, []);
    expect(batches.batches).toHaveLength(1);
    const [batch] = batches.batches;
    const bytes = sealBatch(batch as NonNullable<typeof batch>, noOne, 0, crc32c);
    const { records } = readBatches(bytes, 0, [], decompress);
    expect(records.map(({ value }) => String(value))).toEqual(values);
  });

  test('carry the producer, its sequence, the highest time and a checksum', () => {
    const batches = new PartitionBatches();
    for (const timestamp of [5, 9, 7]) batches.append(timestamp, 'k', 'v', []);
    const [batch] = batches.batches;
    const producer = { producerId: 4711n, producerEpoch: 3, transactional: true };
    const bytes = sealBatch(batch as NonNullable<typeof batch>, producer, 42, crc32c);
    expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
    expect(bytes[16]).toBe(2);
    expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)) >>> 0);
    expect(bytes.readInt16BE(21)).toBe(0x10);
    expect(bytes.readInt32BE(23)).toBe(2);
    expect(bytes.readBigInt64BE(27)).toBe(5n);
    expect(bytes.readBigInt64BE(35)).toBe(9n);
    expect(bytes.readBigInt64BE(43)).toBe(4711n);
    expect(bytes.readInt16BE(51)).toBe(3);
    expect(bytes.readInt32BE(53)).toBe(42);
    expect(bytes.readInt32BE(57)).toBe(3);
  });

  test('are kept by topic and partition, with their count and bytes', () => {
    const batches = new RecordBatches();
    batches.append('a', 0, 1, 'k', 'v', []);
    batches.append('a', 1, 1, 'k', null, []);
    batches.append('b', 0, 1, null, 'v', []);
    batches.append('a', 0, 1, 'k', 'v', []);
    const counts = [...batches.topics].map(([topic, partitions]) => [
      topic,
      [...partitions].map(([partition, { count }]) => [partition, count]),
    ]);
    expect(counts).toEqual([
      [
        'a',
        [
          [0, 2],
          [1, 1],
        ],
      ],
      ['b', [[0, 1]]],
    ]);
    expect(batches.count).toBe(4);
    const lengths = [...batches.topics.values()].flatMap((partitions) =>
      [...partitions.values()].flatMap((open) => open.batches.map(({ length }) => length - 61)),
    );
    expect(batches.bytes).toBe(lengths.reduce((a, b) => a + b, 0));
  });
});
