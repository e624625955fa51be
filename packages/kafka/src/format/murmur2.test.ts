// Partitioning: equal to kafkajs' default partitioner, which is equal to Java's, for any key.
import * as fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { murmur2, partitionOf } from './murmur2.ts';

const kafkajs = Partitioners.DefaultPartitioner();

function partitionByKafkajs(key: Buffer, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [1],
    isr: [1],
  }));
  return kafkajs({ topic: 't', partitionMetadata, message: { key, value: null } });
}

describe('murmur2', () => {
  // From the Java client's UtilsTest.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is %d, as in Java', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  test('chooses the partition that kafkajs chooses, for any bytes and any number of partitions', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 64 }), (bytes, partitions) => {
        const key = Buffer.from(bytes);
        expect(partitionOf(key, partitions)).toBe(partitionByKafkajs(key, partitions));
      }),
      { numRuns: 1000 },
    );
  });

  test('a text is hashed by its UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 12 }), (text, partitions) => {
        expect(partitionOf(text, partitions)).toBe(partitionOf(Buffer.from(text), partitions));
      }),
    );
  });
});
