import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rawRecord } from './raw-record.ts';
import { readRawRecord } from './read-raw-record.ts';
import { refusedItem } from './refused-item.ts';

const at = '2026-01-02T03:04:05.678Z';
const good = [
  { eventId: 'e', userId: 'u', activityType: 'LOGIN', metadata: { a: [1] }, timestamp: at, receivedAt: at },
  { command: 'delete-log', id: 1024, requestedAt: at },
  { command: 'erase-user', userId: 'u', requestedAt: at },
];
const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  '',
  ' u',
  'u ',
  '日'.repeat(256),
  '日'.repeat(257),
  '\ud800',
  'x'.repeat(128),
  'x'.repeat(129),
  'Order Completed',
  'a\nb',
  ['a: must be number'],
  [1],
  0,
  -1,
  1.5,
  2 ** 53,
  at,
  '2026-01-02T03:04:05Z',
  '2026-02-31T03:04:05.678Z',
  {},
  [],
  true,
  false,
  'delete-log',
  'erase-user',
  { ip: 'x'.repeat(64), userAgent: 'x'.repeat(1_024) },
  { ip: 'x'.repeat(65) },
  { userAgent: 'x'.repeat(1_025) },
  { ip: null, userAgent: 7 },
);
const fields = [
  'eventId',
  'userId',
  'activityType',
  'metadata',
  'timestamp',
  'receivedAt',
  'timestampGiven',
  'typeVersion',
  'violations',
  'timestampCorrected',
  'sender',
  'command',
  'id',
  'requestedAt',
];
const changed = fc
  .tuple(fc.constantFrom(...good), fc.dictionary(fc.constantFrom(...fields), odd, { maxKeys: 2 }))
  .map(([record, changes]): unknown => Object.assign({}, record, changes));

test('takes what the schema takes and leaves as it is', () => {
  fc.assert(
    fc.property(fc.oneof(changed, fc.jsonValue()), (value) => {
      const parsed = rawRecord.safeParse(value);
      const known = parsed.success ? Object.entries(parsed.data) : [];
      const untouched = known.every(
        ([name, field]) =>
          (value as Record<string, unknown>)[name] === field ||
          ['metadata', 'violations', 'sender'].includes(name),
      );
      // An event never has the field that makes a command.
      const meant = parsed.success && 'command' in (value as object) === 'command' in parsed.data;
      expect(typeof readRawRecord(value) !== 'string').toBe(parsed.success && untouched && meant);
    }),
    { numRuns: 3_000 },
  );
});

test('answers times in milliseconds', () => {
  expect(readRawRecord(good[0])).toMatchObject({
    kind: 'event',
    timestamp: Date.parse(at),
    receivedAt: Date.parse(at),
  });
  expect(readRawRecord(good[1])).toMatchObject({ kind: 'command', requestedAt: Date.parse(at) });
});

test.each([
  ['{"type":"track"}', 'event: must be "named"'],
  ['7', 'body: must be an object'],
  // Whatever it holds, it is neither an event nor a command.
  [JSON.stringify(good[0]), 'no'],
  [JSON.stringify(good[2]), 'no'],
  ['{"n":9007199254740993}', 'no'],
])('an item %s that the edge has refused is invalid by its reason', (item, reason) => {
  const text = refusedItem(item, reason);
  expect(text).toContain(item);
  expect(readRawRecord(JSON.parse(text))).toBe(reason);
});

test.each([{ refused: 7, item: {} }, { refused: 'no' }])('%j is no such item', (value) => {
  expect(readRawRecord(value)).toBe('eventId: must be a text');
});
