// From the records of a file to events, each checked as the edge checks it.
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { ActivityEvent } from '@activity/contracts';
import { jsonOf } from '../json-values.ts';
import { parseEvent, problemsText, type EventRules } from '../parse-event.ts';
import { cellsByColumn, csvOf, csvProblem } from './csv.ts';
import { formOf, type Format } from './formats.ts';
import type { FileRecord } from './split-records.ts';

/** An event of a file, or why a record is none. */
export type ReadEvent =
  | { record: FileRecord; event: ActivityEvent }
  | { record: FileRecord; event?: never; reason: string };

/** What reading needs. */
export interface ReadOptions {
  format: Format;
  /** The file's name: part of the ids that are made. */
  name: string;
  rules: EventRules;
  /** The first record is the header of CSV. */
  headerFirst: boolean;
}

/**
 * The id of an event that has none: the file's name, the line and a hash of its content, so that the same
 * line of the same file has the same one whenever it is read.
 */
function idOfLine(name: string, { line, bytes }: FileRecord): string {
  return `${name}:${line}:${hash('sha256', bytes, 'base64url').slice(0, 22)}`;
}

/** Makes what reads records. `now`: when they are received, in epoch milliseconds. */
export function createReader({
  format,
  name,
  rules,
  headerFirst,
}: ReadOptions): (records: readonly FileRecord[], now: number) => ReadEvent[] {
  const form = formOf[format.name];
  const { columns, delimiter } = format;
  let isHeader = headerFirst;

  function readOne(record: FileRecord, value: unknown, now: number): ReadEvent {
    const mapped = form(value);
    if (!mapped.ok) return { record, reason: `${mapped.field}: ${mapped.message}` };
    const stamp = { now, newId: () => idOfLine(name, record), sender: undefined };
    const parsed = parseEvent(mapped.body, rules, stamp);
    return parsed.ok ? { record, event: parsed.value } : { record, reason: problemsText(parsed.details) };
  }

  function readJson(record: FileRecord, now: number): ReadEvent {
    const value = jsonOf(record.bytes.toString('utf8'));
    if (value === undefined) return { record, reason: 'body: must be valid JSON' };
    return readOne(record, value, now);
  }

  function readRow(record: FileRecord, cells: readonly string[], now: number): ReadEvent {
    const row = cellsByColumn(cells, columns ?? []);
    return typeof row === 'string' ? { record, reason: row } : readOne(record, row, now);
  }

  function readCsv(records: readonly FileRecord[], now: number): ReadEvent[] {
    const rows = isHeader ? records.slice(1) : records;
    if (records.length > 0) isHeader = false;
    const good = rows.filter((record) => refusalOf(record) === undefined);
    const cells = cellsOf(good, delimiter ?? ',');
    let next = 0;
    return rows.map((record) => {
      const reason = refusalOf(record);
      if (reason !== undefined) return { record, reason };
      const own = cells[next++] ?? '';
      return typeof own === 'string' ? { record, reason: own } : readRow(record, own, now);
    });
  }

  if (columns !== undefined) return readCsv;
  return function readLines(records, now) {
    return records.map((record) => {
      const reason = refusalOf(record);
      return reason === undefined ? readJson(record, now) : { record, reason };
    });
  };
}

function refusalOf({ problem, bytes }: FileRecord): string | undefined {
  return problem ?? (isUtf8(bytes) ? undefined : 'must be UTF-8');
}

const lineFeed = Buffer.from('\n');

/** The cells of each row, or what is wrong with it. All are parsed in one piece, unless one is bad. */
function cellsOf(rows: readonly FileRecord[], delimiter: string): (string[] | string)[] {
  try {
    const all = csvOf(Buffer.concat(rows.flatMap(({ bytes }) => [bytes, lineFeed])), delimiter);
    if (all.length === rows.length) return all;
  } catch (error) {
    csvProblem(error);
  }
  return rows.map(({ bytes }) => {
    try {
      return csvOf(bytes, delimiter)[0] ?? [];
    } catch (error) {
      return csvProblem(error);
    }
  });
}
