// Exports: every log of a list in slices of it, as NDJSON, CSV or Parquet, no faster than the client takes
// them.
import { Readable, pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Order, Position } from './cursor.ts';
import { csvRow } from './csv-text.ts';
import { exportColumns } from './export-columns.ts';
import type { LogFilter } from './filter.ts';
import { logJson } from './log-json.ts';
import type { LogDocument, LogJson } from './log-json.ts';
import type { LogStore } from './log-store.ts';
import { ParquetFile } from './parquet-file.ts';

/** The forms of an export. */
export const exportFormats = ['ndjson', 'csv', 'parquet'] as const;
/** A form. */
export type ExportFormat = (typeof exportFormats)[number];

/** How logs are written. */
export interface ExportForm {
  format: ExportFormat;
  /** Of CSV: with a mark of the byte order, and what a spreadsheet takes for a number marked as text. */
  spreadsheet: boolean;
}

/** The most logs of a slice. */
const sliceSize = 1_000;
/** A slice ends with the log that takes it over this many characters. */
const sliceLength = 262_144;

/** How large a slice may be. */
export interface SliceBounds {
  limit: number;
  maxLength: number;
}

/**
 * Reads the next slice and hands over its logs; `see` returns the length of a log's text. Returns whether
 * there are more.
 */
export type NextSlice = (bounds: SliceBounds, see: (log: LogDocument) => number) => Promise<boolean>;

/** The slices of a list. */
export function listSlices(store: LogStore, filter: LogFilter, order: Order): NextSlice {
  let position: Position | undefined;
  return async function next(bounds, see) {
    const beside = position && { side: 'after' as const, position };
    const { more } = await store.read(filter, { order, ...bounds, beside }, (log) => {
      position = { time: log.timestamp.getTime(), id: log._id };
      return see(log);
    });
    return more;
  };
}

/** Writes logs one after the other. */
interface FormWriter {
  /** Returns the length of what it added. */
  add: (log: LogJson) => number;
  /** What was written since it was called last. */
  take: () => Buffer;
  /** What is behind the last log. */
  end: () => Buffer;
}

function textWriter(header: string, write: (log: LogJson) => string): FormWriter {
  let text = header;
  function take(): Buffer {
    const taken = Buffer.from(text);
    text = '';
    return taken;
  }
  return {
    add(log) {
      const line = write(log);
      text += line;
      return line.length;
    },
    take,
    end: take,
  };
}

function writerOf({ format, spreadsheet }: ExportForm): FormWriter {
  switch (format) {
    case 'ndjson':
      return textWriter('', (log) => `${JSON.stringify(log)}\n`);
    case 'csv': {
      const options = { spreadsheet };
      const names = exportColumns.map(({ name }) => name).join(',');
      return textWriter(`${spreadsheet ? '\uFEFF' : ''}${names}\r\n`, (log) =>
        csvRow(
          exportColumns.map(({ value }) => value(log)),
          options,
        ),
      );
    }
    case 'parquet':
      return new ParquetFile();
  }
}

/**
 * The pieces of an export of at most `limit` logs. Memory holds one slice of some hundred kilobytes, of
 * Parquet a row group of some megabytes; a slice is read when the piece before has been taken.
 */
export async function* exportLogs(
  next: NextSlice,
  form: ExportForm,
  limit: number,
): AsyncGenerator<Buffer, void, undefined> {
  const writer = writerOf(form);
  let left = limit;
  for (;;) {
    const more = await next({ limit: Math.min(left, sliceSize), maxLength: sliceLength }, (log) => {
      left--;
      return writer.add(logJson(log));
    });
    const piece = writer.take();
    if (piece.length > 0) yield piece;
    if (!more || left <= 0) break;
  }
  const last = writer.end();
  if (last.length > 0) yield last;
}

/** The same pieces, packed by gzip. */
export async function* gzipped(
  pieces: AsyncGenerator<Buffer, void, undefined>,
  level: number,
): AsyncGenerator<Buffer, void, undefined> {
  const packing = createGzip({ level });
  // A failure reaches whoever reads the packed bytes.
  pipeline(Readable.from(pieces, { highWaterMark: 1 }), packing, () => {});
  yield* packing as AsyncIterable<Buffer>;
}
