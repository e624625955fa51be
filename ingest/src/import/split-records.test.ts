import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordSplitter, type FileRecord } from './split-records.ts';

function split(text: string | Buffer, delimiter?: string, sizes: readonly number[] = [7], maxBytes = 1_000) {
  const bytes = Buffer.from(text);
  const splitter = new RecordSplitter({ delimiter, maxBytes });
  const records: FileRecord[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    records.push(...splitter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  records.push(...splitter.end());
  const shown = records.map(({ bytes: some, line, problem }) => [
    line,
    some.toString(),
    ...(problem ? [problem] : []),
  ]);
  return { shown, position: splitter.position };
}

test('NDJSON is lines: with any line break, a mark of the byte order, blank lines, and none at the end', () => {
  const text = '\uFEFF{"a":1}\r\n\n  \n{"b":"ü"}\n{"c":3}';
  const { shown, position } = split(text);
  expect(shown).toEqual([
    [1, '{"a":1}'],
    [4, '{"b":"ü"}'],
    [5, '{"c":3}'],
  ]);
  expect(position).toEqual({ bytes: Buffer.byteLength(text), lines: 5 });
});

test('a row of CSV goes on while a quote is open', () => {
  const text = 'a,b\n1,"x\ny ""z"",\n"\r\n2,it"s\n';
  const { shown, position } = split(text, ',');
  expect(shown).toEqual([
    [1, 'a,b'],
    [2, '1,"x\ny ""z"",\n"'],
    [5, '2,it"s'],
  ]);
  expect(position).toEqual({ bytes: text.length, lines: 5 });
});

test('a line that is too long is one bad record, whatever it is made of', () => {
  const long = 'x'.repeat(5_000);
  for (const delimiter of [undefined, ',']) {
    for (const text of [long, `"${long}"`, `${long}"${long}`]) {
      const { shown, position } = split(`1\n${text}\n3\n`, delimiter, [100]);
      expect(shown.map(([line]) => line)).toEqual([1, 2, 3]);
      expect(shown[1]?.[2]).toBe('must not be longer than 1000 bytes');
      expect(shown[2]).toEqual([3, '3']);
      expect(position.bytes).toBe(text.length + 5);
    }
  }
});

test('a quote that is never closed spoils its own line alone', () => {
  const lines = Array.from({ length: 300 }, (_, index) => `row ${index},b`);
  const { shown } = split(`1,"open\n${lines.join('\n')}`, ',', [64]);
  expect(shown[0]).toEqual([1, '1,"open', 'has a quote that is not closed']);
  expect(shown.slice(1)).toEqual(lines.map((line, index) => [index + 2, line]));
});

test('reading can begin at any record, and chunks may end anywhere', () => {
  const cell = fc.constantFrom('a', '"b"', '"c\nd"', '"e""f"', '', '"g,\r\nh"', 'i"j', 'ü');
  const row = fc.array(cell, { minLength: 1, maxLength: 4 }).map((cells) => `x${cells.join(',')}`);
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(row), sizes, fc.constantFrom(undefined, ','), (rows, some, delimiter) => {
      const bytes = Buffer.from(rows.join('\n'));
      const whole = new RecordSplitter({ delimiter, maxBytes: 1_000 });
      const records = whole.push(bytes);
      records.push(...whole.end());
      expect(split(bytes, delimiter, some).shown).toEqual(
        records.map((one) => [one.line, one.bytes.toString()]),
      );
      const first = new RecordSplitter({ delimiter, maxBytes: 1_000 });
      const half = first.push(bytes.subarray(0, bytes.length / 2));
      const second = new RecordSplitter({ delimiter, maxBytes: 1_000, from: first.position });
      half.push(...second.push(bytes.subarray(first.position.bytes)), ...second.end());
      expect(half).toEqual(records);
    }),
  );
});
