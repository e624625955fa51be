// Exports: every log of a list in slices of it, as NDJSON or CSV, no faster than the client takes them.
import { stringify } from 'csv-stringify/sync';
import type { Order, Position } from './cursor.ts';
import type { LogFilter } from './filter.ts';
import { logJson, logSchema } from './log-json.ts';
import type { LogDocument, LogJson } from './log-json.ts';
import type { LogStore } from './log-store.ts';

/** The forms of an export. */
export type ExportFormat = 'ndjson' | 'csv';

/** What is exported. */
export interface ExportQuery {
  filter: LogFilter;
  order: Order;
  format: ExportFormat;
  /** The most logs. */
  limit: number;
}

const sliceSize = 1_000;
/** A slice ends with the log that takes it over this many characters. */
const sliceLength = 262_144;

type Column = readonly [name: string, value: (log: LogJson) => unknown];

/**
 * The columns of each field, in their order.
 * A field that is not here has one column of its name, behind these.
 */
const columnsOf: Partial<Record<string, readonly Column[]>> = {
  _id: [['_id', (log) => log._id]],
  eventId: [['eventId', (log) => log.eventId]],
  userId: [['userId', (log) => log.userId]],
  activityType: [['activityType', (log) => log.activityType]],
  timestamp: [['timestamp', (log) => log.timestamp]],
  receivedAt: [['receivedAt', (log) => log.receivedAt]],
  createdAt: [['createdAt', (log) => log.createdAt]],
  session: [['session', (log) => log.session]],
  client: [
    ['browser', (log) => log.client?.browser],
    ['os', (log) => log.client?.os],
    ['device', (log) => log.client?.device],
  ],
  bot: [['bot', (log) => log.bot]],
  place: [
    ['country', (log) => log.place?.country],
    ['city', (log) => log.place?.city],
  ],
  late: [['late', (log) => log.late]],
  clamped: [['clamped', (log) => log.clamped]],
  receivedAtCorrected: [['receivedAtCorrected', (log) => log.receivedAtCorrected]],
  address: [
    ['ipVersion', (log) => log.address?.version],
    ['network', (log) => log.address?.prefix],
  ],
  page: [
    ['referrer', (log) => log.page?.referrer],
    ['source', (log) => log.page?.source],
    ['medium', (log) => log.page?.medium],
    ['campaign', (log) => log.page?.campaign],
    ['term', (log) => log.page?.term],
    ['content', (log) => log.page?.content],
  ],
  metadata: [['metadata', (log) => JSON.stringify(log.metadata)]],
};
const columns: readonly Column[] = [
  ...Object.values(columnsOf).flatMap((some = []) => some),
  ...Object.keys(logSchema.shape)
    .filter((field) => columnsOf[field] === undefined)
    .map((field): Column => [field, (log) => (log as unknown as Record<string, unknown>)[field]]),
];

const csvOptions = {
  cast: { boolean: (value: boolean) => String(value) },
  // What a spreadsheet would take for a formula is marked as text.
  escape_formulas: true,
  record_delimiter: '\r\n',
} as const;

/**
 * The slices of a list as texts. Memory holds one slice of some hundred kilobytes; a slice is read when the
 * one before has been taken.
 */
export async function* exportLogs(
  store: LogStore,
  { filter, order, format, limit }: ExportQuery,
): AsyncGenerator<string, void, undefined> {
  if (format === 'csv') yield stringify([columns.map(([name]) => name)], csvOptions);
  let position: Position | undefined;
  let left = limit;
  for (;;) {
    const beside = position && { side: 'after' as const, position };
    let text = '';
    const slice = { order, limit: Math.min(left, sliceSize), maxLength: sliceLength, beside };
    const { more } = await store.read(filter, slice, (log) => {
      const line = format === 'csv' ? csvOf(log) : `${JSON.stringify(logJson(log))}\n`;
      text += line;
      position = { time: log.timestamp.getTime(), id: log._id };
      left--;
      return line.length;
    });
    if (text === '') return;
    yield text;
    if (!more || left <= 0) return;
  }
}

function csvOf(document: LogDocument): string {
  const log = logJson(document);
  return stringify([columns.map(([, value]) => value(log))], csvOptions);
}
