// CSV that a spreadsheet opens rightly, and from which every text can be read back exactly.

/** What a cell may hold. */
export type CsvValue = string | number | boolean | undefined;

/** How rows are written. */
export interface CsvOptions {
  /** Texts that a spreadsheet would take for a number, and numbers that it would round, are marked. */
  spreadsheet: boolean;
}

/** What a spreadsheet takes for a formula, by its first character; or what is marked already. */
const formula = /^['=+\-@\t\r\n＝＋－＠]/;
/** What a spreadsheet takes for a number: `00123` loses its zeros, `1E5` and 17 digits their end. */
const numeric = /^\s*[\d.,]+(?:[eE][+-]?\d+)?\s*%?$/;
const quoted = /[",\r\n;\t]/;
/** The digits of a number that a spreadsheet keeps. */
const keptDigits = 15;

/**
 * A cell. A text that a spreadsheet would take for something else gets an apostrophe before it, and so does
 * one that begins with an apostrophe: whoever takes one apostrophe away has the text.
 *
 * @example csvCell('=1+1', { spreadsheet: false }) // "'=1+1"
 */
export function csvCell(value: CsvValue, { spreadsheet }: CsvOptions): string {
  if (value === undefined) return '';
  const text = String(value);
  if (typeof value !== 'string') return spreadsheet && text.length > keptDigits ? `'${text}` : text;
  const marked = formula.test(text) || (spreadsheet && numeric.test(text)) ? `'${text}` : text;
  return quoted.test(marked) ? `"${marked.replaceAll('"', '""')}"` : marked;
}

/** A row with its line break. */
export function csvRow(values: readonly CsvValue[], options: CsvOptions): string {
  return `${values.map((value) => csvCell(value, options)).join(',')}\r\n`;
}
