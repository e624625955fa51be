import { parse } from 'csv-parse/sync';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { exportLogs, type ExportFormat, type NextSlice } from './export.ts';
import { logJson, logSchema } from './log-json.ts';
import type { LogDocument } from './log-json.ts';

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
  expiresAt: new Date(+time + 3),
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
  timestampCorrected: true,
  typeVersion: 3,
} as unknown as LogDocument;

const bare = {
  _id: 9_007_199_254_740_991,
  eventId: "'quoted",
  userId: '=HYPERLINK("x")',
  activityType: 'Order\nCompleted',
  metadata: { '=': '"' },
  timestamp: time,
  createdAt: time,
} as unknown as LogDocument;

async function exported(
  format: ExportFormat,
  { spreadsheet = false, logs = [log, bare] }: { spreadsheet?: boolean; logs?: LogDocument[] } = {},
): Promise<Buffer> {
  const waiting = [...logs];
  const next: NextSlice = async ({ limit }, see) => {
    for (const one of waiting.splice(0, Math.min(limit, 1_000))) see(one);
    return waiting.length > 0;
  };
  const pieces: Buffer[] = [];
  for await (const piece of exportLogs(next, { format, spreadsheet }, logs.length)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The values in a log that are no objects; metadata is one value. */
function leavesOf(value: unknown, name = ''): unknown[] {
  if (name === 'metadata') return [JSON.stringify(value)];
  if (typeof value !== 'object' || value === null) return [value];
  return Object.entries(value).flatMap(([key, one]) => leavesOf(one, key));
}

function rowsOf(text: string): Record<string, string>[] {
  return parse(text, { columns: true, bom: true, record_delimiter: '\r\n' });
}

test('CSV has a column for everything that NDJSON has', async () => {
  const [line = ''] = (await exported('ndjson')).toString().split('\n');
  const json = JSON.parse(line) as Record<string, unknown>;
  expect(Object.keys(json).toSorted()).toEqual(Object.keys(logSchema.shape).toSorted());
  expect(json).toEqual(logJson(log));
  const [row = {}] = rowsOf((await exported('csv')).toString());
  expect(Object.values(row).toSorted()).toEqual(leavesOf(json).map(String).toSorted());
});

test('CSV: a spreadsheet takes no text for a formula, and what was marked can be read back', async () => {
  const [, row = {}] = rowsOf((await exported('csv')).toString());
  expect(row).toMatchObject({
    _id: '9007199254740991',
    eventId: "''quoted",
    userId: '\'=HYPERLINK("x")',
    activityType: 'Order\nCompleted',
    metadata: '{"=":"\\""}',
    receivedAt: '',
  });
  const numbers = { ...bare, userId: '00123', eventId: '1E5' };
  const spreadsheet = await exported('csv', { spreadsheet: true, logs: [numbers, log] });
  expect(spreadsheet.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  expect(rowsOf(spreadsheet.toString())).toMatchObject([
    { _id: "'9007199254740991", userId: "'00123", eventId: "'1E5" },
    { _id: '1024', session: '77', typeVersion: '3', userId: 'ada', timestamp: time.toISOString() },
  ]);
});

test('Parquet has the same columns, with types, in row groups', async () => {
  const logs = Array.from({ length: 20_000 }, (_, index) => ({
    ...(index % 2 === 0 ? log : bare),
    _id: index,
  }));
  const bytes = await exported('parquet', { logs });
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  expect(metadata.row_groups.length).toBeGreaterThan(1);
  expect(Number(metadata.num_rows)).toBe(20_000);
  const rows = await parquetReadObjects({ file });
  const columns = rowsOf((await exported('csv')).toString())[0] ?? {};
  expect(Object.keys(rows[0] ?? {})).toEqual(Object.keys(columns));
  expect(rows[19_998]).toMatchObject({
    _id: 19_998n,
    timestamp: time,
    receivedAt: new Date(+time + 1),
    bot: true,
    ipVersion: 6n,
    typeVersion: 3n,
    timestampCorrected: true,
    expiresAt: new Date(+time + 3),
    country: 'DE',
    metadata: '{"path":"/pricing"}',
  });
  expect(rows[19_999]).toMatchObject({ userId: bare.userId, activityType: bare.activityType });
  expect(rows[19_999]?.['receivedAt'] ?? null).toBeNull();
  expect(Number(parquetMetadata((await emptyFile()) as ArrayBuffer).num_rows)).toBe(0);
});

async function emptyFile(): Promise<ArrayBufferLike> {
  const bytes = await exported('parquet', { logs: [] });
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}
