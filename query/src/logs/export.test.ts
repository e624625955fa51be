import { expect, test } from 'vitest';
import { exportLogs } from './export.ts';
import { logJson, logSchema } from './log-json.ts';
import type { LogDocument } from './log-json.ts';
import type { LogStore } from './log-store.ts';

const time = new Date('2026-01-02T03:04:05.678Z');
/** A log with every field of the schema; a field that is not named below holds a text. */
const log = {
  ...Object.fromEntries(Object.keys(logSchema.shape).map((name) => [name, `some ${name}`])),
  _id: 1024,
  eventId: 'event-1',
  userId: 'ada',
  activityType: 'PAGE_VIEW',
  metadata: { path: '/pricing' },
  timestamp: time,
  receivedAt: new Date(+time + 1),
  createdAt: new Date(+time + 2),
  session: 77,
  client: { browser: 'Firefox', os: 'Linux', device: 'desktop' },
  bot: true,
  address: { version: 6, prefix: '2001:db8:1::/48' },
  place: { country: 'DE', city: 'Jena' },
  page: {
    referrer: 'r.example',
    source: 'src',
    medium: 'mail',
    campaign: 'spring',
    term: 't1',
    content: 'c1',
  },
  late: true,
  clamped: true,
  receivedAtCorrected: true,
} as unknown as LogDocument;

const store = {
  read: async (_filter: unknown, _slice: unknown, see: (one: LogDocument) => void) => {
    see(log);
    return { more: false };
  },
} as unknown as LogStore;

async function exported(format: 'csv' | 'ndjson'): Promise<string> {
  let text = '';
  for await (const slice of exportLogs(store, { filter: {}, order: 'newest', format, limit: 10 }))
    text += slice;
  return text;
}

/** The values in a log that are no objects; metadata is one value. */
function leavesOf(value: unknown, name = ''): unknown[] {
  if (name === 'metadata') return [JSON.stringify(value)];
  if (typeof value !== 'object' || value === null) return [value];
  return Object.entries(value).flatMap(([key, one]) => leavesOf(one, key));
}

test('CSV has a column for everything that NDJSON has', async () => {
  const json = JSON.parse(await exported('ndjson')) as Record<string, unknown>;
  expect(Object.keys(json).toSorted()).toEqual(Object.keys(logSchema.shape).toSorted());
  expect(json).toEqual(logJson(log));
  const [names = '', row = ''] = (await exported('csv')).split('\r\n');
  const values = row.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((text) => text.replaceAll(/^"|"$/g, ''));
  expect(values.map((text) => text.replaceAll('""', '"')).toSorted()).toEqual(
    leavesOf(json).map(String).toSorted(),
  );
  expect(new Set(names.split(',')).size).toBe(values.length);
});
