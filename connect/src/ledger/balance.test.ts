import { expect, test } from 'vitest';
import { differencesOf, type Account } from './balance.ts';

const account: Account = {
  partition: 2,
  entry: {
    _id: '2|all',
    partition: 2,
    firstOffset: 10,
    lastOffset: 29,
    enriched: 12,
    duplicate: 3,
    deadLettered: 3,
    command: 2,
    late: 1,
    deleted: 1,
    erased: 1,
  },
  minutes: { enriched: 12, duplicate: 3, deadLettered: 3, command: 2 },
  earliest: 5,
  latest: 40,
  committed: 30,
  stored: 9,
  erased: 2,
  expired: 0,
};

test('an account that adds up has no differences, whatever waits to be read', () => {
  expect(differencesOf(account)).toEqual([]);
});

test.each<[Partial<Account>, string, number, number]>([
  [{ stored: 8 }, 'logs stored, by the ledger and in MongoDB', 9, 8],
  [{ expired: 3 }, 'logs stored, by the ledger and in MongoDB', 6, 9],
  [{ committed: 31 }, 'next raw offset, by the ledger and by the commit', 31, 30],
  [{ minutes: { enriched: 13 } }, 'enriched, in all and by minute', 12, 13],
  [
    { entry: Object.assign({}, account.entry, { duplicate: 4 }) },
    'raw records, by offsets and by class',
    20,
    21,
  ],
])('%j does not add up', (change, what, expected, found) => {
  expect(differencesOf({ ...account, ...change })).toEqual([{ partition: 2, what, expected, found }]);
});

test('what was read or stored without an entry does not add up', () => {
  const silent = { ...account, entry: undefined };
  expect(differencesOf(silent)).toHaveLength(2);
  expect(differencesOf({ ...silent, committed: undefined, stored: 0 })).toEqual([]);
});
