// CSV: rows of cells, and what separates them.
import { CsvError, parse } from 'csv-parse/sync';

const delimiters = [',', ';', '\t', '|'];

/** What separates the cells of a header: of the usual characters the one that it has most of. */
export function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string): number => bare.split(delimiter).length;
  return delimiters.reduce((best, one) => (count(one) > count(best) ? one : best));
}

/**
 * The rows of a text as cells; of its beginning, where `most` is given.
 *
 * @throws Error where a quote is where none may be
 */
export function csvOf(bytes: Buffer, delimiter: string, most?: number): string[][] {
  return parse(bytes, {
    delimiter,
    bom: true,
    // Found out by itself, a carriage return inside of a row would end it.
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    ...(most !== undefined && { to: most }),
  });
}

/** The names of columns, without the blanks around them. @throws Error where one cannot be used */
export function csvHeader(cells: readonly string[]): string[] {
  const columns = cells.map((name) => name.trim());
  const twice = columns.find((name, index) => name !== '' && columns.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`its header has the column ${twice} twice`);
  if (columns.includes('__proto__')) throw new Error('its header has the column __proto__');
  return columns;
}

/** The cells of a row by their columns; or what is wrong with it. */
export function cellsByColumn(
  cells: readonly string[],
  columns: readonly string[],
): Record<string, string> | string {
  if (cells.length > columns.length) return `has ${cells.length} cells, and the header ${columns.length}`;
  const row: Record<string, string> = {};
  for (const [index, name] of columns.entries()) if (name !== '') row[name] = cells[index] ?? '';
  return row;
}

/** What is wrong with a row that is no CSV. */
export function csvProblem(error: unknown): string {
  if (!(error instanceof CsvError)) throw error;
  return error.code.includes('QUOTE')
    ? 'has a quote inside of a cell: write it twice, and the cell in quotes'
    : 'is no row of CSV';
}
