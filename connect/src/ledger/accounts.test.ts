import type { LedgerEntry } from '@activity/contracts';
import type { ReadRecord } from '@activity/streams';
import { expect, test } from 'vitest';
import { readLedger } from './accounts.ts';

const entry: LedgerEntry = {
  _id: '0|all',
  partition: 0,
  firstOffset: 0,
  lastOffset: 9,
  enriched: 10,
  duplicate: 0,
  deadLettered: 0,
  command: 0,
  late: 0,
  deleted: 0,
  erased: 0,
};

async function ledgerOf(values: readonly (Buffer | string | null)[]): ReturnType<typeof readLedger> {
  async function* read(): AsyncGenerator<ReadRecord> {
    for (const [offset, value] of values.entries())
      yield await Promise.resolve({
        partition: 1,
        offset,
        timestamp: 0,
        key: Buffer.from('0|all'),
        value: value === null ? null : Buffer.from(value),
        headers: [],
      });
  }
  return readLedger({ read }, 'ledger');
}

test('the newest entry counts', async () => {
  const newer = { ...entry, lastOffset: 19, enriched: 20 };
  const { entries, unreadable } = await ledgerOf([JSON.stringify(entry), JSON.stringify(newer)]);
  expect([...entries]).toEqual([['0|all', newer]]);
  expect(unreadable).toEqual([]);
});

test.each<[string, Buffer | string]>([
  ['no JSON', 'no JSON'],
  ['an open object', '{"_id": '],
  ['no UTF-8', Buffer.from([0xff, 0xfe])],
  ['empty', ''],
  ['null in JSON', 'null'],
  ['no entry', JSON.stringify({ ...entry, enriched: 'many' })],
])('a record that is %s is left out and named', async (_what, value) => {
  const { entries, unreadable } = await ledgerOf([JSON.stringify(entry), value, null]);
  expect([...entries]).toEqual([['0|all', entry]]);
  expect(unreadable).toEqual(['ledger/1/1']);
});
