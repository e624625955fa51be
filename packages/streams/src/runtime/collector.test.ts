// The collector: which partition a record goes to, and which records no broker would take.
import { describe, expect, test } from 'vitest';
import { partitionOf, type RecordBatches } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import type { Serialized } from '../api/serde.ts';
import { RecordTooLargeError } from '../api/record-size.ts';
import { Collector } from './collector.ts';

function countsOf(records: RecordBatches): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [topic, partitions] of records.topics) {
    for (const [partition, { count }] of partitions) counts[`${topic}-${partition}`] = count;
  }
  return counts;
}

function collectorOf(topics: Record<string, number>): Collector {
  const collector = new Collector();
  for (const [topic, partitions] of Object.entries(topics)) collector.know(topic, partitions);
  return collector;
}

describe('the partition of a record', () => {
  test.each<[string, Serialized | null, ((count: number) => number) | undefined, number, number]>([
    ['is its key’s', 'some key', undefined, 0, partitionOf('some key', 6)],
    ['is the same for the key’s bytes', Buffer.from('some key'), undefined, 0, partitionOf('some key', 6)],
    ['without a key is that of the record it was made of', null, undefined, 4, 4],
    ['without a key wraps around where the topic has fewer', null, undefined, 8, 2],
    ['is what a partitioner says', 'some key', (count) => count - 1, 0, 5],
  ])('%s', (_case, key, partitioner, source, expected) => {
    const collector = collectorOf({ out: 6 });
    collector.send('out', key, 'v', 1, [], partitioner, source);
    expect(countsOf(collector.take().records)).toEqual({ [`out-${expected}`]: 1 });
  });

  test.each([-1, 6, 1.5, Number.NaN])('%d of a partitioner is refused', (partition) => {
    const collector = collectorOf({ out: 6 });
    const send = (): void => collector.send('out', 'k', 'v', 1, [], () => partition, 0);
    expect(send).toThrowError(`partition ${partition} of topic out is not in 0 to 5`);
    expect(send).toThrowError(FatalError);
    expect(collector.take().records.count).toBe(0);
  });
});

describe('a topic that is not known yet', () => {
  test('is asked for once, and its records are placed when it is known', () => {
    const collector = collectorOf({ known: 1 });
    collector.send('known', 'k', 'v', 1, [], undefined, 0);
    for (let i = 0; i < 3; i++) collector.send('new', null, String(i), 1, [], undefined, 7);
    expect(collector.unknownTopics()).toEqual(['new']);
    collector.know('new', 4);
    expect(countsOf(collector.take().records)).toEqual({ 'known-0': 1, 'new-3': 3 });
    expect(collector.unknownTopics()).toEqual([]);
  });

  test('and does not exist is an error that names it and the remedy', () => {
    const collector = new Collector();
    collector.send('absent', 'k', 'v', 1, [], undefined, 0);
    expect(() => collector.take()).toThrowError(
      expect.objectContaining({
        code: 'TOPIC_UNKNOWN',
        message: 'topic absent does not exist; create it',
      }),
    );
  });
});

describe('taking and aborting', () => {
  test('begin again', () => {
    const collector = collectorOf({ out: 1 });
    collector.send('out', 'k', 'v', 1, [], undefined, 0);
    expect(collector.take().records.count).toBe(1);
    expect(collector.pendingBytes).toBe(0);
    collector.send('out', 'k', 'v', 1, [], undefined, 0);
    collector.send('unknown', 'k', 'v', 1, [], undefined, 0);
    collector.abort();
    expect(collector.pendingBytes).toBe(0);
    expect(collector.unknownTopics()).toEqual([]);
    expect(collector.take().records.count).toBe(0);
  });
});

describe('a record that is too large', () => {
  const limit = 1_000_000;
  test.each<[string, Serialized | null, Serialized | null, number]>([
    ['of ASCII', null, 'x'.repeat(limit), 0],
    ['with its key', 'k'.repeat(10), 'x'.repeat(limit - 10), 0],
    ['of two-byte characters', null, 'ü'.repeat(limit / 2), 0],
    ['of four-byte characters', null, '🌍'.repeat(limit / 4), 0],
    ['of bytes', null, Buffer.alloc(limit), 0],
    ['with its headers', null, 'x'.repeat(limit - 1003), 1000],
  ])('is refused by its bytes: %s', (_case, key, value, headerBytes) => {
    const collector = collectorOf({ out: 1 });
    const headers = headerBytes > 0 ? [{ key: 'abc', value: Buffer.alloc(headerBytes) }] : [];
    collector.send('out', key, value, 1, headers, undefined, 0);
    const oneMore = typeof value === 'string' ? `${value}x` : Buffer.alloc(limit + 1);
    const send = (): void => collector.send('out', key, oneMore, 1, headers, undefined, 0);
    expect(send).toThrowError(RecordTooLargeError);
    expect(send).toThrowError('a record of 1000001 bytes for topic out is larger than 1000000 bytes');
    expect(collector.take().records.count).toBe(1);
  });
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('the event time %d is refused', (timestamp) => {
  const collector = collectorOf({ out: 1 });
  expect(() => collector.send('out', 'k', 'v', timestamp, [], undefined, 0)).toThrowError(
    expect.objectContaining({
      code: 'PRODUCTION_FAILED',
      message: expect.stringContaining('topic out') as string,
    }),
  );
  expect(collector.take().records.count).toBe(0);
});
