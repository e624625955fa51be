import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvCell, csvRow } from './csv-text.ts';

test.each([
  ['ada', 'ada', 'ada'],
  ['=1+1', "'=1+1", "'=1+1"],
  ["'tis", "''tis", "''tis"],
  ['-5', "'-5", "'-5"],
  ['00123', '00123', "'00123"],
  ['1E5', '1E5', "'1E5"],
  ['12,5 %', '"12,5 %"', `"'12,5 %"`],
  ['a\nb', '"a\nb"', '"a\nb"'],
  [1_024, '1024', '1024'],
  [9_007_199_254_740_991, '9007199254740991', "'9007199254740991"],
  [true, 'true', 'true'],
  [undefined, '', ''],
])('%j is %j, and %j for a spreadsheet', (value, plain, spreadsheet) => {
  expect(csvCell(value, { spreadsheet: false })).toBe(plain);
  expect(csvCell(value, { spreadsheet: true })).toBe(spreadsheet);
});

test('every text is read back without one apostrophe, and no cell begins like a formula', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('=', '+', '-', '@', "'", '"', '\t', '\r', '\n', ',', '0', '1E5'),
  );
  const texts = fc.array(
    fc.array(piece).map((pieces) => pieces.join('')),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(texts, fc.boolean(), (row, spreadsheet) => {
      const [cells = []] = parse(`x\r\n${csvRow(row, { spreadsheet })}`, {
        from: 2,
        record_delimiter: '\r\n',
        relax_column_count: true,
      });
      expect(cells.map((cell) => cell.replace(/^'/, ''))).toEqual(row);
      expect(cells.filter((cell) => /^[=+\-@\t\r\n]/.test(cell))).toEqual([]);
    }),
  );
});
