// The input of a thread: which partitions are fetched.
import type { FetchedPartition, KafkaPort } from '@activity/kafka';
import { describe, expect, test } from 'vitest';
import { noMetrics } from '../metrics.ts';
import { RecordQueue } from '../record-queue.ts';
import type { Task } from '../task.ts';
import { ThreadInput } from './input.ts';

const mebibyte = 1024 * 1024;

/** Four partitions with a backlog; the broker gives as many records of each as fit in a mebibyte. */
function backlog(recordBytes: number, limits: { maxBufferedRecords: number; maxBufferedBytes: number }) {
  const queues = Array.from({ length: 4 }, (_, partition) => new RecordQueue('in', partition, 0));
  const tasks = [{ queues }] as unknown as Task[];
  const count = Math.max(1, Math.floor(mebibyte / recordBytes));
  const fetched: number[][] = [];
  const fetch = async (
    positions: readonly { partition: number; offset: number }[],
  ): Promise<FetchedPartition[]> => {
    fetched.push(positions.map(({ partition }) => partition));
    return positions.map(({ partition, offset }) => ({
      topic: 'in',
      partition,
      fetchOffset: offset,
      nextOffset: offset + count,
      highWatermark: 1_000_000,
      endOffset: 1_000_000,
      records: Array.from({ length: count }, (_, i) => ({
        offset: offset + i,
        timestamp: 0,
        key: null,
        value: Buffer.alloc(recordBytes),
        headers: [],
      })),
    }));
  };
  const kafka = { createFetcher: () => ({ fetch, close: async () => {} }) } as unknown as KafkaPort;
  const input = new ThreadInput({ kafka, metrics: noMetrics, ...limits, log: () => {}, onEnd: () => {} });
  const step = async (): Promise<void> => {
    input.keepFetching(tasks);
    await new Promise(setImmediate);
    input.takeArrived(tasks);
  };
  return { queues, fetched, step };
}

describe('partitions with a backlog', () => {
  test.each([
    ['of large records wait by their bytes', 200_000],
    ['of records larger than a share too', 3 * mebibyte],
    ['of small records wait by their number', 100],
  ])('%s', async (_what, recordBytes) => {
    const limits = { maxBufferedRecords: 10_000, maxBufferedBytes: 8 * mebibyte };
    const { queues, fetched, step } = backlog(recordBytes, limits);
    for (let n = 0; n < 50; n++) await step();
    const bytes = queues.reduce((sum, queue) => sum + queue.bytes, 0);
    // A partition is fetched while there is room, so its last answer may go beyond.
    expect(bytes).toBeLessThanOrEqual(8 * mebibyte + 4 * Math.max(mebibyte, recordBytes));
    expect(fetched.length, 'nothing is fetched any more').toBeLessThan(20);
    const [first] = queues as [RecordQueue];
    while (first.size > 0) first.advance();
    expect(first.bytes).toBe(0);
    await step();
    expect(fetched.at(-1)).toEqual([0]);
  });
});
