// The queue of an input partition: what is committed follows what was processed, markers included.
import { describe, expect, test } from 'vitest';
import type { SourceRecord } from '../api/record.ts';
import { RecordQueue } from './record-queue.ts';

function records(...offsets: number[]): SourceRecord[] {
  return offsets.map((offset) => ({ offset, timestamp: offset, key: null, value: null, headers: [] }));
}

function drain(queue: RecordQueue): number[] {
  const offsets: number[] = [];
  for (let record = queue.peek(); record; record = queue.peek()) {
    offsets.push(record.offset);
    queue.advance();
  }
  return offsets;
}

describe('a record queue', () => {
  test('knows how many bytes wait, whatever was processed and fetched in between', () => {
    const queue = new RecordQueue('t', 0, 0);
    const sized = (offset: number, size: number): SourceRecord => ({
      ...records(offset)[0]!,
      key: Buffer.alloc(10),
      value: Buffer.alloc(size),
    });
    expect(queue.bytes).toBe(0);
    queue.add([sized(0, 1000), sized(1, 5000)], 2);
    const both = queue.bytes;
    expect(both).toBeGreaterThanOrEqual(6020);
    queue.advance();
    expect(both - queue.bytes).toBeGreaterThanOrEqual(1010);
    queue.add([sized(2, 1000)], 3);
    expect(queue.bytes).toBe(both);
    drain(queue);
    expect(queue.bytes).toBe(0);
  });

  test('knows how many bytes headers take', () => {
    const queue = new RecordQueue('t', 0, 0);
    const headers = [{ key: 'trace', value: Buffer.alloc(5000) }];
    queue.add([{ ...records(0)[0]!, headers }], 1);
    expect(queue.bytes).toBeGreaterThanOrEqual(5005);
    drain(queue);
    expect(queue.bytes).toBe(0);
  });

  test('knows the leader epoch of the record before its position, and of the one that was fetched last', () => {
    const queue = new RecordQueue('t', 0, 5, 3);
    expect([queue.leaderEpoch, queue.fetchEpoch]).toEqual([3, 3]);
    queue.add(records(5, 6), 7, [{ offset: 4, leaderEpoch: 3 }]);
    queue.add(records(7, 8), 9, [
      { offset: 7, leaderEpoch: 4 },
      { offset: 8, leaderEpoch: 6 },
    ]);
    const seen = [queue.fetchEpoch];
    for (; queue.peek(); queue.advance()) seen.push(queue.leaderEpoch);
    seen.push(queue.leaderEpoch);
    expect(seen).toEqual([6, 3, 3, 3, 4, 6]);
    // Markers and aborted records alone have an epoch too.
    queue.add([], 12, [{ offset: 9, leaderEpoch: 8 }]);
    expect([queue.position, queue.leaderEpoch]).toEqual([12, 8]);
  });

  test('does not know the epoch of what another has processed', () => {
    const queue = new RecordQueue('t', 0, 5);
    expect([queue.leaderEpoch, queue.fetchEpoch]).toEqual([undefined, undefined]);
    queue.add(records(5), 6, [{ offset: 5, leaderEpoch: 2 }]);
    expect([queue.leaderEpoch, queue.fetchEpoch]).toEqual([undefined, 2]);
    queue.advance();
    expect(queue.leaderEpoch).toBe(2);
  });

  test('gives records in order and moves with them', () => {
    const queue = new RecordQueue('t', 0, 5);
    expect([queue.peek(), queue.position, queue.fetchPosition, queue.moved]).toEqual([
      undefined,
      5,
      5,
      false,
    ]);
    queue.add(records(5, 6, 7), 8);
    expect([queue.size, queue.position, queue.fetchPosition, queue.moved]).toEqual([3, 5, 8, false]);
    queue.advance();
    expect([queue.size, queue.position, queue.moved, queue.peek()?.offset]).toEqual([2, 6, true, 6]);
  });

  test('goes past markers and aborted records once everything before them is done', () => {
    const queue = new RecordQueue('t', 0, 0);
    queue.add(records(0, 3), 7);
    queue.advance();
    expect(queue.position).toBe(1);
    queue.advance();
    expect(queue.position).toBe(7);
  });

  test('goes past a fetch that held only markers', () => {
    const queue = new RecordQueue('t', 0, 4);
    queue.add([], 6);
    expect([queue.position, queue.moved, queue.fetchPosition]).toEqual([6, true, 6]);
  });

  test('does not go past markers while records before them wait', () => {
    const queue = new RecordQueue('t', 0, 0);
    queue.add(records(0), 1);
    queue.add([], 3);
    expect([queue.position, queue.moved, queue.fetchPosition]).toEqual([0, false, 3]);
    queue.advance();
    expect(queue.position).toBe(3);
  });

  test('does not move for a fetch that brought nothing', () => {
    const queue = new RecordQueue('t', 0, 4);
    queue.add([], 4);
    expect(queue.moved).toBe(false);
  });

  test('joins what is fetched while records wait', () => {
    const queue = new RecordQueue('t', 0, 0);
    queue.add(records(0, 1), 2);
    queue.advance();
    queue.add(records(2, 4), 6);
    expect(queue.size).toBe(3);
    expect(drain(queue)).toEqual([1, 2, 4]);
    expect(queue.position).toBe(6);
    queue.add(records(6), 7);
    expect(drain(queue)).toEqual([6]);
    expect(queue.size).toBe(0);
  });
});
