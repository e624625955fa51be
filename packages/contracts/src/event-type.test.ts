import { expect, test } from 'vitest';
import { eventTypeInput, typeRecord } from './event-type.ts';

const at = '2026-01-02T03:04:05.678Z';
const version = { version: 1, schema: { type: 'object' }, createdAt: at, by: 'k' };
const type = {
  name: 'Order Completed',
  mode: 'strict',
  revision: 1,
  versions: [version],
  createdAt: at,
  updatedAt: at,
  by: 'k',
};

test.each([
  ['a type', type],
  ['one that says all', { ...type, description: 'd', owner: 'shop', retentionDays: 30 }],
  ['one without a schema', { ...type, versions: [{ version: 2, createdAt: at, by: 'k' }] }],
  ['a deleted one', { name: 'x', deletedAt: at, by: 'k', revision: 3, lastVersion: 2 }],
])('the topic may hold %s', (_, record) => {
  expect(typeRecord.parse(record)).toEqual(record);
});

test.each([
  ['no version', { ...type, versions: [] }],
  ['a name that is none', { ...type, name: 'a\nb' }],
  ['a mode that is none', { ...type, mode: 'loud' }],
])('the topic must not hold %s', (_, record) => {
  expect(typeRecord.safeParse(record).success).toBe(false);
});

test('what is put says which fields it has not', () => {
  expect(eventTypeInput.safeParse({ schema: true, mode: 'warn', owner: null }).success).toBe(true);
  expect(eventTypeInput.safeParse({ shema: {} }).error?.issues[0]?.message).toContain('shema');
  expect(eventTypeInput.safeParse({ retentionDays: 0 }).success).toBe(false);
});
