import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { outlineOf } from './json-outline.ts';

function measured(value: unknown): { values: number; depth: number } {
  if (typeof value !== 'object' || value === null) return { values: 1, depth: 0 };
  const inside = Object.values(value).map(measured);
  return {
    values: inside.reduce((sum, { values }) => sum + values, 1),
    depth: inside.reduce((most, { depth }) => Math.max(most, depth), 0) + 1,
  };
}

test('counts the values and the depth of all that JSON is, and finds its end', () => {
  fc.assert(
    fc.property(
      fc.json({ depthSize: 'medium', stringUnit: 'binary' }),
      fc.constantFrom(undefined, ' ', '\n\t', '     '),
      fc.constantFrom('', ',1', ' ]', '}'),
      (text, blanks, after) => {
        const value: unknown = JSON.parse(text);
        const bytes = Buffer.from(JSON.stringify(value, undefined, blanks));
        const outline = outlineOf(Buffer.concat([bytes, Buffer.from(after)]), 0);
        expect(outline).toEqual({ ...measured(value), end: bytes.length });
      },
    ),
    { numRuns: 2_000 },
  );
});

test('ends with the text where the value does not', () => {
  for (const text of ['[1,', '{"a":"', '"x\\', '[[[[', '12'])
    expect(outlineOf(Buffer.from(text), 0).end).toBeGreaterThanOrEqual(text.length);
});
