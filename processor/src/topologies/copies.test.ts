// Copies of an event: an honest retry is a duplicate, another body is a conflict, and the horizon is counted
// by arrival.
import { describe, expect, test } from 'vitest';
import { headerOf, openPipeline, type TestPipeline } from '../testing/pipeline.ts';

const start = Date.parse('2026-03-01T12:00:00.000Z');
const hour = 3_600_000;
const day = 24 * hour;

function iso(time: number): string {
  return new Date(time).toISOString();
}

function event(at: number, fields: object = {}): object {
  return {
    eventId: 'e1',
    userId: 'u',
    activityType: 'LOGIN',
    metadata: {},
    timestamp: iso(at),
    receivedAt: iso(at),
    ...fields,
  };
}

/** Pipes a first copy and a later one; returns what the later one was. */
function verdict(first: object, copy: object): string {
  const pipeline = openPipeline();
  pipeline.pipe('u', event(start, first), start);
  pipeline.pipe('u', event(start + 1_000, copy), start + 1_000);
  const [letter] = pipeline.deadLetters();
  if (letter) return headerOf(letter, 'dead-letter.reason') ?? '';
  return pipeline.read('ledger').at(-1)?.value?.['duplicate'] === 1 ? 'duplicate' : 'stored';
}

describe('an honest retry is a duplicate', () => {
  test.each<[string, object, object]>([
    ['without a time', {}, {}],
    ['without a time, as the edge marks it', { timestampGiven: false }, { timestampGiven: false }],
    [
      'whose time was by chance that of its receipt',
      { timestamp: iso(start), timestampGiven: true },
      { timestamp: iso(start) },
    ],
    [
      'whose time was by chance that of its receipt, as older edges wrote it',
      { timestamp: iso(start) },
      { timestamp: iso(start) },
    ],
    ['with the time that the first was stored with', { timestampGiven: false }, { timestamp: iso(start) }],
    ['that leaves the time away', { timestamp: iso(start - 7) }, { timestampGiven: false }],
    ['with the same time', { timestamp: iso(start - 7) }, { timestamp: iso(start - 7) }],
    ['with the same time, far ahead', { timestamp: iso(start + day) }, { timestamp: iso(start + day) }],
    [
      'whose time the edge has corrected, each time by another latency',
      { timestamp: iso(start - 7), timestampCorrected: true },
      { timestamp: iso(start - 8), timestampCorrected: true },
    ],
    [
      'of another network and browser, by what the edge notes',
      { sender: { ip: '203.0.113.0', userAgent: 'A' } },
      { sender: { ip: '2001:db8:1::', userAgent: 'B' } },
    ],
    [
      'with its fields in another order',
      { metadata: { a: 1, b: { c: [1, { d: 2, e: 3 }], f: null } } },
      { metadata: { b: { f: null, c: [1, { e: 3, d: 2 }] }, a: 1 } },
    ],
  ])('%s', (_name, first, copy) => {
    expect(verdict(first, copy)).toBe('duplicate');
  });
});

describe('another body is a conflict', () => {
  test.each<[string, object, object]>([
    ['another type', {}, { activityType: 'LOGOUT' }],
    ['another time', { timestamp: iso(start - 7) }, { timestamp: iso(start - 8) }],
    ['another time than the edge gave', { timestampGiven: false }, { timestamp: iso(start - 8) }],
    [
      'another time, by chance that of its receipt',
      { timestamp: iso(start - 7) },
      { timestamp: iso(start + 1_000), timestampGiven: true },
    ],
    ['another value', { metadata: { a: 1 } }, { metadata: { a: '1' } }],
    ['a list in another order', { metadata: { a: [1, 2] } }, { metadata: { a: [2, 1] } }],
    ['a field more', { metadata: { a: 1 } }, { metadata: { a: 1, b: null } }],
    ['a field elsewhere', { metadata: { a: { b: 1 } } }, { metadata: { a: {}, b: 1 } }],
  ])('%s', (_name, first, copy) => {
    expect(verdict(first, copy)).toBe('conflicting-duplicate');
  });
});

test('what an earlier version kept of a first copy cannot be compared: the copy is a duplicate', () => {
  const { driver, pipe, read, deadLetters } = openPipeline();
  const store = { key: { format: 'text', serialize: String, deserialize: String } as const };
  pipe('u', event(start), start);
  const topic = 'test-dedupe-store-changelog';
  expect(String(driver.log.records(topic, 0).at(-1)?.value)).toMatch(/^0\|.{12}e[0-9a-z]{9}$/);
  driver.input(topic, { ...store, value: store.key }).pipe('1|u|e1', '0|Sixteen_charactr', start);
  driver.crash();
  pipe('u', event(start, { activityType: 'LOGOUT' }), start);
  expect(deadLetters()).toEqual([]);
  expect(read('ledger').at(-1)?.value).toMatchObject({ enriched: 1, duplicate: 1 });
});

/** Pipes copies of one event, dated alike, that arrive at these times; returns how many are stored. */
function stored({ pipe, read }: TestPipeline, dated: number, arrivals: readonly number[]): number {
  for (const at of arrivals) pipe('u', event(dated, { receivedAt: iso(at) }), at);
  return read('enriched').filter(({ value }) => value?.['eventId'] === 'e1').length;
}

test('an import that is begun again counts nothing twice, however old its events are', () => {
  const pipeline = openPipeline();
  pipeline.pipe('u', event(start - 3 * day, { receivedAt: iso(start) }), start);
  pipeline.pipe('u', event(start, { eventId: 'e2' }), start + 1);
  expect(stored(pipeline, start - 3 * day, [start + 2])).toBe(1);
  expect(pipeline.read('users').at(-1)?.value).toMatchObject({ total: 2 });
});

test('the horizon is 24 hours between the arrival of the first copy and of the other', () => {
  expect(stored(openPipeline(), start - 900 * day, [start, start + day])).toBe(1);
  expect(stored(openPipeline(), start - 900 * day, [start, start + day + 1])).toBe(2);
});

test('what the edge notes of the sender is what the steps read, whatever the metadata says', () => {
  const pipeline = openPipeline();
  const metadata = { plan: 'pro', ip: '198.51.100.9' };
  const userAgent =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Version/17.4 Mobile/15E148 Safari/604.1';
  pipeline.pipe('u', event(start, { metadata, sender: { ip: '203.0.113.0', userAgent } }), start);
  const log = pipeline.read('enriched')[0]?.value;
  expect(log).toMatchObject({
    metadata: { plan: 'pro', ip: '203.0.113.0', userAgent },
    address: { version: 4, prefix: '203.0.113.0/24' },
    client: { device: 'mobile' },
  });
  expect(log).not.toHaveProperty('sender');
});
