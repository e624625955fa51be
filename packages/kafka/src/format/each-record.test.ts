// Reading records back from the batches of a commit.
import { expect, test } from 'vitest';
import { plainRecord } from '../testing/plain-record.ts';
import { eachRecord } from './each-record.ts';
import { BufferPool } from './buffer-pool.ts';
import { RecordBatches } from './record-batches.ts';

test('every record comes back as it was appended, over batches, and the batches stay as they were', () => {
  const limits = new Map([['a', { maxBatchBytes: 200, time: (time: number) => time }]]);
  const records = new RecordBatches(new BufferPool(), limits);
  const headers = [{ key: 'h', value: Buffer.from('x') }];
  for (let n = 0; n < 10; n++)
    records.append('a', 1, 100 + n, n === 4 ? null : `k${n}`, 'v'.repeat(n), headers);
  records.append('b', 0, 5, 'k', null);
  const batches = [...(records.topics.get('a')?.get(1)?.batches ?? [])];
  expect(batches.length).toBeGreaterThan(2);
  const before = batches.map(({ buffer }) => Buffer.from(buffer));
  const read: unknown[] = [];
  eachRecord(records, (topic, partition, record) => read.push([topic, partition, plainRecord(record)]));
  const wanted = Array.from({ length: 10 }, (_, n) => [
    'a',
    1,
    {
      offset: n,
      timestamp: 100 + n,
      key: n === 4 ? null : Buffer.from(`k${n}`),
      value: Buffer.from('v'.repeat(n)),
      headers,
    },
  ]);
  const tombstone = { offset: 0, timestamp: 5, key: Buffer.from('k'), value: null, headers: [] };
  expect(read).toEqual([...wanted, ['b', 0, tombstone]]);
  expect(batches.map(({ buffer }) => buffer)).toEqual(before);
});
