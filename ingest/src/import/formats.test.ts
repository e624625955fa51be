// Every form of file: how it is recognised, and which events its lines become.
import { EventTypes } from '@activity/catalogue';
import { activityInput, defaultActivityTypes } from '@activity/contracts';
import { expect, test } from 'vitest';
import { formatOf, type FormatName } from './formats.ts';
import { createReader } from './read-records.ts';
import { RecordSplitter } from './split-records.ts';

const now = Date.parse('2026-05-01T00:00:00Z');

const types = new EventTypes({ builtIn: defaultActivityTypes, unknown: 'refuse', isRead: () => true });

/** The events of a file, and the reasons why lines are none, by their numbers. */
function read(text: string | Buffer, named?: FormatName) {
  const bytes = Buffer.from(text);
  const format = formatOf(bytes, named);
  const splitter = new RecordSplitter({ delimiter: format.delimiter, maxBytes: 1_000 });
  const reader = createReader({
    format,
    name: 'f',
    rules: { input: activityInput, types },
    headerFirst: format.columns !== undefined,
  });
  const all = [...reader(splitter.push(bytes), now), ...reader(splitter.end(), now)];
  return {
    format: format.name,
    events: all.flatMap(({ event }) => event ?? []),
    refused: all.flatMap((one) => (one.event === undefined ? [[one.record.line, one.reason]] : [])),
  };
}

const event = { eventId: 'e1', userId: 'ada', activityType: 'LOGIN', timestamp: '2015-02-03T04:05:06.789Z' };

test('NDJSON: the events that the edge takes, and its reasons for the others', () => {
  const lines = [
    JSON.stringify({ ...event, metadata: { plan: 'pro' } }),
    '{"userId":"ada"',
    JSON.stringify({ ...event, activityType: 'DANCE' }),
    JSON.stringify({ ...event, user_id: 'x' }),
    JSON.stringify({ ...event, timestamp: '1999-01-01T00:00:00Z' }),
    JSON.stringify({ ...event, plan: 'free' }),
  ];
  const { format, events, refused } = read(lines.join('\n'));
  expect(format).toBe('ndjson');
  expect(events).toEqual([
    { ...event, metadata: { plan: 'pro' }, receivedAt: '2026-05-01T00:00:00.000Z' },
    { ...event, metadata: { plan: 'free' }, receivedAt: '2026-05-01T00:00:00.000Z' },
  ]);
  expect(refused).toEqual([
    [2, 'body: must be valid JSON'],
    [3, expect.stringMatching(/^activityType: is not registered/)],
    [4, 'user_id: is not a field of an event: write userId'],
    [5, 'timestamp: must be in the years 2000 to 9999'],
  ]);
});

test('an event without an id gets one of its line: the same when it is read again, another one for another line', () => {
  const line = JSON.stringify({ userId: 'ada', activityType: 'LOGIN' });
  const ids = (text: string): string[] => read(text).events.map(({ eventId }) => eventId);
  const [first, second] = ids(`${line}\n${line}\n`);
  expect(first).toMatch(/^f:1:[\w-]{22}$/);
  expect(second).toBe(first?.replace(':1:', ':2:'));
  expect(ids(`${line}\r\n${line}`)).toEqual([first, second]);
  expect(ids(`${line.replace('ada', 'eve')}\n`)).not.toEqual([first]);
});

test('CSV: columns are fields, metadata is JSON or a column each, empty cells are missing', () => {
  const text = [
    '\uFEFFuserId;activityType;timestamp;metadata;metadata.note;plan',
    'ada;LOGIN;1422936306789;"{""amount"":5.5}";"two\nlines";pro',
    '',
    'eve;LOGOUT;2015-02-03T04:05:06.789+01:00;;;',
    'ada;LOGIN;;{broken;;',
    'ada;LOGIN;;;;;;more',
    'ada;LO"GIN;;;;',
    'eve;LOGIN;yesterday;;;',
  ].join('\r\n');
  const { format, events, refused } = read(text);
  expect(format).toBe('csv');
  expect(events).toMatchObject([
    {
      userId: 'ada',
      timestamp: '2015-02-03T04:05:06.789Z',
      metadata: { amount: 5.5, note: 'two\nlines', plan: 'pro' },
    },
    { userId: 'eve', activityType: 'LOGOUT', timestamp: '2015-02-03T03:05:06.789Z', metadata: {} },
  ]);
  expect(events[1]?.eventId).toMatch(/^f:5:/);
  expect(refused).toEqual([
    [6, 'metadata: must be an object of JSON'],
    [7, 'has 8 cells, and the header 6'],
    [8, 'has a quote inside of a cell: write it twice, and the cell in quotes'],
    [9, expect.stringMatching(/^timestamp: must be an ISO-8601/)],
  ]);
});

test('our own export: what the client sent is taken, what the pipeline added is not', () => {
  const log = {
    _id: 1024,
    ...event,
    metadata: { plan: 'pro', nested: { deep: [1] } },
    receivedAt: '2015-02-03T04:05:07.000Z',
    createdAt: '2015-02-03T04:05:08.000Z',
    session: 1024,
    client: { device: 'mobile' },
  };
  const ndjson = read(JSON.stringify(log));
  expect(ndjson.format).toBe('export');
  expect(ndjson.events).toEqual([
    { ...event, metadata: log.metadata, receivedAt: '2026-05-01T00:00:00.000Z' },
  ]);
  const csv = read(
    `_id,eventId,userId,activityType,timestamp,createdAt,metadata\r\n'1024,'=1+1,''+ada,LOGIN,${event.timestamp},${log.createdAt},"{""a"":1}"\r\n`,
  );
  expect(csv.format).toBe('export-csv');
  expect(csv.events).toMatchObject([{ eventId: '=1+1', userId: "'+ada", metadata: { a: 1 } }]);
});

// What `csvCell` of the query service makes of these ids.
test.each([
  ["'00123", '00123'],
  ["'12345", '12345'],
  ["''quoted", "'quoted"],
  ["'-1", '-1'],
  ["''=1", "'=1"],
  ['ada', 'ada'],
])('our own export as CSV: the cell %s is %s', (cell, id) => {
  const header = '_id,eventId,userId,activityType,timestamp,createdAt';
  const { events } = read(`${header}\r\n1,${cell},${cell},LOGIN,${event.timestamp},${event.timestamp}\r\n`);
  expect(events).toMatchObject([{ eventId: id, userId: id }]);
});

test('Segment: the calls of an export become what the same calls become at the edge', () => {
  const call = {
    type: 'page',
    messageId: 'ajs-1',
    anonymousId: 'anon-1',
    userId: null,
    properties: { price: 5 },
    context: { page: { url: 'https://shop.example/?utm_source=mail' }, userAgent: 'Mozilla/5.0' },
    originalTimestamp: '2024-05-01T11:00:00.000Z',
    sentAt: '2024-05-01T11:00:01.000Z',
    receivedAt: '2024-05-01T10:00:01.000Z',
  };
  const lines = [
    { ...call, timestamp: '2024-05-01T10:00:00.000Z' },
    call,
    { ...call, type: 'track', event: 'LOGIN', userId: 'ada', messageId: undefined },
    { ...call, type: 'track' },
  ];
  const { format, events, refused } = read(lines.map((one) => JSON.stringify(one)).join('\n'));
  expect(format).toBe('segment');
  const page = {
    eventId: 'ajs-1',
    userId: 'anon-1',
    activityType: 'PAGE_VIEW',
    timestamp: '2024-05-01T10:00:00.000Z',
    metadata: { price: 5, url: 'https://shop.example/?utm_source=mail', userAgent: 'Mozilla/5.0' },
  };
  expect(events).toMatchObject([
    page,
    page,
    { eventId: expect.stringMatching(/^f:3:/), userId: 'ada', activityType: 'LOGIN' },
  ]);
  expect(refused).toEqual([[4, 'event: must be the name of what happened']]);
});

test('PostHog: names without $, under which enrichment finds what it reads', () => {
  const line = {
    uuid: '0190-1',
    event: '$pageview',
    distinct_id: 'ada',
    timestamp: '2024-05-01 10:00:00.123000',
    ip: '192.0.2.9',
    properties: {
      $current_url: 'https://shop.example/?utm_source=mail',
      $raw_user_agent: 'Mozilla/5.0',
      $device_type: 'Mobile',
      $browser: 'Firefox',
      browser: 'own',
      $referrer: '$direct',
      $set: { $initial: 1, plan: 'pro' },
    },
  };
  const custom = {
    ...line,
    uuid: '0190-2',
    event: 'LOGIN',
    properties: JSON.stringify({ $ip: '192.0.2.1' }),
  };
  const { format, events, refused } = read(
    [line, custom, { ...line, event: 7 }].map((one) => JSON.stringify(one)).join('\n'),
  );
  expect(format).toBe('posthog');
  expect(events).toMatchObject([
    {
      eventId: '0190-1',
      userId: 'ada',
      activityType: 'PAGE_VIEW',
      timestamp: '2024-05-01T10:00:00.123Z',
      metadata: {
        url: 'https://shop.example/?utm_source=mail',
        userAgent: 'Mozilla/5.0',
        device: 'mobile',
        browser: 'own',
        browser_: 'Firefox',
        set: { initial: 1, plan: 'pro' },
        ip: '192.0.2.9',
      },
    },
    { eventId: '0190-2', activityType: 'LOGIN', metadata: { ip: '192.0.2.1' } },
  ]);
  expect(events[0]?.metadata).not.toHaveProperty('referrer');
  expect(refused).toEqual([[3, 'event: must be the name of what happened']]);
});

test.each([
  ['[\n{"userId":"a"}\n]', /JSON array: make lines of it/],
  ['userId,activityType\rada,LOGIN\reve,LOGIN\r', /lines end with carriage returns alone/],
  ['name,age\nada,36\n', /neither JSON nor a header of CSV with userId and activityType; name the columns/],
  ['userId,activityType,userId\n', /the column userId twice/],
])('%j is refused with what to do', (text, message) => {
  expect(() => formatOf(Buffer.from(text))).toThrow(message);
});

test('a form that is named is taken, and a line that is not UTF-8 is refused', () => {
  const bytes = Buffer.concat([
    Buffer.from(`${JSON.stringify(event)}\n{"a":"`),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ]);
  const { format, refused } = read(bytes, 'export');
  expect(format).toBe('export');
  expect(refused).toEqual([[2, 'must be UTF-8']]);
});
