// The columns of exports that are tables: CSV and Parquet.
import { z } from 'zod';
import type { CsvValue } from './csv-text.ts';
import { logSchema } from './log-json.ts';
import type { LogJson } from './log-json.ts';

/** What a column holds. Times are ISO 8601, metadata is JSON. */
export type ColumnKind = 'text' | 'number' | 'time' | 'flag';

/** A column. */
export interface Column {
  name: string;
  kind: ColumnKind;
  /** Every log has it. */
  always?: boolean;
  value: (log: LogJson) => CsvValue;
}

function text(name: string, value: Column['value']): Column {
  return { name, kind: 'text', value };
}

/**
 * The columns of each field, in their order.
 * A field that is not here has one column of its name, behind these.
 */
const columnsOf: Partial<Record<string, readonly Column[]>> = {
  _id: [{ name: '_id', kind: 'number', always: true, value: (log) => log._id }],
  eventId: [{ ...text('eventId', (log) => log.eventId), always: true }],
  userId: [{ ...text('userId', (log) => log.userId), always: true }],
  activityType: [{ ...text('activityType', (log) => log.activityType), always: true }],
  timestamp: [{ name: 'timestamp', kind: 'time', always: true, value: (log) => log.timestamp }],
  receivedAt: [{ name: 'receivedAt', kind: 'time', value: (log) => log.receivedAt }],
  createdAt: [{ name: 'createdAt', kind: 'time', always: true, value: (log) => log.createdAt }],
  session: [{ name: 'session', kind: 'number', value: (log) => log.session }],
  client: [
    text('browser', (log) => log.client?.browser),
    text('os', (log) => log.client?.os),
    text('device', (log) => log.client?.device),
  ],
  bot: [{ name: 'bot', kind: 'flag', value: (log) => log.bot }],
  place: [text('country', (log) => log.place?.country), text('city', (log) => log.place?.city)],
  late: [{ name: 'late', kind: 'flag', value: (log) => log.late }],
  clamped: [{ name: 'clamped', kind: 'flag', value: (log) => log.clamped }],
  receivedAtCorrected: [
    { name: 'receivedAtCorrected', kind: 'flag', value: (log) => log.receivedAtCorrected },
  ],
  address: [
    { name: 'ipVersion', kind: 'number', value: (log) => log.address?.version },
    text('network', (log) => log.address?.prefix),
  ],
  page: [
    text('referrer', (log) => log.page?.referrer),
    text('source', (log) => log.page?.source),
    text('medium', (log) => log.page?.medium),
    text('campaign', (log) => log.page?.campaign),
    text('term', (log) => log.page?.term),
    text('content', (log) => log.page?.content),
  ],
  metadata: [{ ...text('metadata', (log) => JSON.stringify(log.metadata)), always: true }],
};

/** A field of which nothing is known here: by its schema, and as JSON where it is no single value. */
function plain(field: string): Column {
  const kind = kindOf(logSchema.shape[field]);
  return {
    name: field,
    kind,
    value(log) {
      const value = (log as unknown as Record<string, unknown>)[field];
      if (value === undefined || typeof value === 'string' || kind !== 'text') return value as CsvValue;
      return JSON.stringify(value);
    },
  };
}

function kindOf(schema: z.core.$ZodType | undefined): ColumnKind {
  const { type, format } = schema === undefined ? {} : z.toJSONSchema(schema);
  if (format === 'date-time') return 'time';
  if (type === 'integer') return 'number';
  return type === 'boolean' ? 'flag' : 'text';
}

/** All columns. */
export const exportColumns: readonly Column[] = [
  ...Object.values(columnsOf).flatMap((some = []) => some),
  ...Object.keys(logSchema.shape)
    .filter((field) => columnsOf[field] === undefined)
    .map(plain),
];
