// The forms of files that can be imported, and which of them a file has.
import { fieldsOf, jsonOf } from '../json-values.ts';
import { csvOf, csvHeader, delimiterOf } from './csv.ts';
import { exportedEvent, exportedRow } from './forms/exported.ts';
import { posthogEvent } from './forms/posthog.ts';
import { rowEvent } from './forms/row.ts';
import { segmentCall } from './forms/segment.ts';
import type { Form } from './forms/form.ts';

/**
 * - `ndjson`: events as the edge takes them, one a line;
 * - `csv`: the same, with a header;
 * - `export`, `export-csv`: what `GET /api/logs/export` returns;
 * - `segment`: the calls of an export of Segment, one a line;
 * - `posthog`: the events of an export of PostHog, one a line.
 */
export const formats = ['ndjson', 'csv', 'export', 'export-csv', 'segment', 'posthog'] as const;
/** The name of a form. */
export type FormatName = (typeof formats)[number];

/** The form of a file. */
export interface Format {
  name: FormatName;
  /** Of CSV: the names in the header, and what separates the cells. */
  columns?: readonly string[] | undefined;
  delimiter?: string | undefined;
}

/** How a line's JSON, or a row's cells by their columns, becomes the body of an event. */
export const formOf: Readonly<Record<FormatName, Form>> = {
  ndjson: (value) => ({ ok: true, body: value }),
  csv: rowEvent,
  export: exportedEvent,
  'export-csv': exportedRow,
  segment: segmentCall,
  posthog: posthogEvent,
};

const ofCsv: ReadonlySet<FormatName> = new Set(['csv', 'export-csv']);
/** Columns without which no row is an event. */
const needed = ['userId', 'activityType'];

/**
 * Finds the form of a file by its beginning, or checks that it can be the one that was named.
 *
 * @throws Error that says what the beginning is, and what to do
 */
export function formatOf(head: Buffer, named?: FormatName): Format {
  const line = firstLine(head);
  if (line === '') return { name: named ?? 'ndjson' };
  if (named !== undefined && !ofCsv.has(named)) return { name: named };
  if (named === undefined && line.startsWith('{')) return { name: formatOfJson(line) };
  if (named === undefined && line.startsWith('['))
    throw new Error('it is a JSON array: make lines of it, for example by jq -c ".[]"');
  if (line.includes('\r')) throw new Error('its lines end with carriage returns alone: write line feeds');
  const delimiter = delimiterOf(line);
  const columns = csvHeader(csvOf(head, delimiter, 1)[0] ?? []);
  const name = named ?? (['_id', 'createdAt'].every((one) => columns.includes(one)) ? 'export-csv' : 'csv');
  const missing = needed.filter((one) => !columns.includes(one));
  if (missing.length > 0) {
    const wanted = missing.join(' and ');
    throw new Error(
      named === undefined
        ? `its form is not known: the first line is neither JSON nor a header of CSV with ${wanted}; name the columns so, or the form by --format`
        : `its header has no ${wanted}, but ${columns.join(', ').slice(0, 200)}: name the columns so`,
    );
  }
  return { name, columns, delimiter };
}

function firstLine(head: Buffer): string {
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  const end = text.indexOf('\n');
  return (end < 0 ? text : text.slice(0, end)).trimEnd();
}

function formatOfJson(line: string): FormatName {
  const fields = fieldsOf(jsonOf(line));
  // The line itself is a reject then; the others may be good.
  if (fields === undefined) return 'ndjson';
  const has = (...names: string[]): boolean => names.every((name) => Object.hasOwn(fields, name));
  if (has('_id', 'activityType', 'createdAt')) return 'export';
  if (has('event', 'distinct_id')) return 'posthog';
  if (has('type') && !has('activityType') && (has('userId') || has('anonymousId'))) return 'segment';
  return 'ndjson';
}
