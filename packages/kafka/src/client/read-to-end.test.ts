import { expect, test } from 'vitest';
import { RetriableError } from '../errors.ts';
import type { SourceRecord } from '../format/record.ts';
import type { FetchedPartition, Fetcher } from './port.ts';
import { readToEnd } from './read-to-end.ts';

function record(offset: number): SourceRecord {
  return { offset, timestamp: 0, key: null, value: Buffer.from(String(offset)), headers: [] };
}

/**
 * What a broker shows of a partition: all before `end`, of which enough brokers have what is before the mark.
 */
function answer(fetchOffset: number, end: number, highWatermark = end): FetchedPartition {
  const records = Array.from({ length: Math.max(0, end - fetchOffset) }, (_, i) => record(fetchOffset + i));
  const nextOffset = Math.max(fetchOffset, end);
  return { topic: 't', partition: 0, fetchOffset, nextOffset, highWatermark, endOffset: end, records };
}

/** Fetches what it is given, one after the other, and the last for ever. */
function fetching(answers: readonly (FetchedPartition | Error)[]): { createFetcher: () => Fetcher } {
  let next = 0;
  const fetch = async (): Promise<FetchedPartition[]> => {
    const found = answers[Math.min(next++, answers.length - 1)];
    if (found instanceof Error) throw found;
    return Promise.resolve(found === undefined ? [] : [found]);
  };
  return { createFetcher: () => ({ fetch, close: () => Promise.resolve() }) };
}

async function read(answers: readonly (FetchedPartition | Error)[], end: number): Promise<number[]> {
  const offsets: number[] = [];
  const from = [{ topic: 't', partition: 0, offset: 0 }];
  for await (const { offset } of readToEnd(fetching(answers), from, [end], 200)) offsets.push(offset);
  return offsets;
}

test('reads to the end as it was, and no further', async () => {
  expect(await read([answer(0, 3), answer(3, 9)], 5)).toEqual([0, 1, 2, 3, 4]);
});

test('reads on where a fetch fails for a time', async () => {
  const moved = new RetriableError('BROKER_REFUSED', 'the leader has moved');
  expect(await read([answer(0, 2), moved, answer(2, 4)], 4)).toEqual([0, 1, 2, 3]);
});

test('waits for a new leader that does not know yet how much the others have', async () => {
  expect(await read([answer(0, 2), answer(2, 2, 2), answer(2, 2, 0), answer(2, 4)], 4)).toEqual([0, 1, 2, 3]);
});

test('ends where an open transaction begins', async () => {
  expect(await read([answer(0, 2, 4)], 4)).toEqual([0, 1]);
});

test('a broker that has lost what was there is an error that names the place', async () => {
  await expect(read([answer(0, 2), answer(2, 2)], 4)).rejects.toThrow('reading t-0 at 2 of 4');
});
