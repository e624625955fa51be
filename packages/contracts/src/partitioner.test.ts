import * as fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { murmur2, partitionOf } from './partitioner.ts';

describe('murmur2', () => {
  // The vectors of Kafka's own UtilsTest.testMurmur2.
  test.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('of %s is that of Kafka', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });
});

describe('partitionOf', () => {
  const kafkajs = Partitioners.DefaultPartitioner();

  function chosenByKafkajs(key: string, partitions: number): number {
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 0,
      replicas: [],
      isr: [],
    }));
    return kafkajs({ topic: 't', partitionMetadata, message: { key, value: null } });
  }

  test('is the one that kafkajs chooses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1024 }), (key, partitions) => {
        expect(partitionOf(Buffer.from(key), partitions)).toBe(chosenByKafkajs(key, partitions));
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes the hash without its sign: an unsigned hash would choose another partition', () => {
    expect(partitionOf(Buffer.from('21'), 6)).toBe((-973_932_308 & 0x7fffffff) % 6);
    expect(partitionOf(Buffer.from('21'), 6)).not.toBe((-973_932_308 >>> 0) % 6);
  });
});
