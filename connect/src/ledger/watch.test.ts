import type { LedgerEntry } from '@activity/contracts';
import { expect, test } from 'vitest';
import type { Stored } from './stored-logs.ts';
import { differencesWithin } from './watch.ts';

const entry: LedgerEntry = {
  _id: '0|all',
  partition: 0,
  firstOffset: 10,
  lastOffset: 29,
  enriched: 12,
  duplicate: 3,
  deadLettered: 3,
  command: 2,
  late: 0,
  deleted: 1,
  erased: 1,
};
const none = { classes: 0, missing: 0, surplus: 0 };

test.each<[string, Partial<LedgerEntry>, number, Stored, Partial<typeof none>]>([
  ['all is there', {}, 1, { logs: 9, erased: 2 }, {}],
  ['a log is missing', {}, 1, { logs: 8, erased: 2 }, { missing: 1 }],
  ['a log is there that the ledger has deleted', {}, 1, { logs: 10, erased: 2 }, { surplus: 1 }],
  ['one was deleted meanwhile, and is gone', {}, 2, { logs: 8, erased: 2 }, {}],
  ['one was deleted meanwhile, and is still there', {}, 2, { logs: 9, erased: 2 }, {}],
  ['one was deleted meanwhile, and one more is gone', {}, 2, { logs: 7, erased: 2 }, { missing: 1 }],
  ['a record has no class', { duplicate: 2 }, 1, { logs: 9, erased: 2 }, { classes: 1 }],
])('%s', (_, change, deleted, stored, differences) => {
  expect(differencesWithin({ ...entry, ...change }, { deleted }, stored)).toEqual({
    ...none,
    ...differences,
  });
});
