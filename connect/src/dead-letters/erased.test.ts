import type { ReadRecord } from '@activity/streams';
import { expect, test } from 'vitest';
import { readErasures } from './erased.ts';

const time = '2026-01-02T03:04:05.678Z';

function erasure(_id: number): string {
  return JSON.stringify({ _id, userId: 'u', requestedAt: time, processedAt: time });
}

test.each<[string, Buffer | string]>([
  ['no JSON', 'no JSON'],
  ['an open object', '{"_id": '],
  ['no UTF-8', Buffer.from([0xff, 0xfe])],
  ['empty', ''],
  ['null in JSON', 'null'],
  ['no erasure', '{"userId":"u"}'],
])('a record that is %s is left out and named; the erasures around it count', async (_what, value) => {
  async function* read(): AsyncGenerator<ReadRecord> {
    for (const [offset, one] of [erasure(7), value, null, erasure(9)].entries())
      yield await Promise.resolve({
        partition: 1,
        offset,
        timestamp: 0,
        key: null,
        value: one === null ? null : Buffer.from(one),
        headers: [],
      });
  }
  const unreadable: string[] = [];
  expect(await readErasures(read(), (position) => unreadable.push(position))).toEqual(new Map([['u', 9]]));
  expect(unreadable).toEqual(['1/1']);
});
