// Canonical JSON against the text that one writes field by field.
import { assert, jsonValue, property } from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

function naive(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(naive).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${naive(field)}`).join(',')}}`;
}

test('any value is written with its fields in order', () => {
  assert(
    property(jsonValue(), (value) => {
      // `isStorable` refuses it.
      if (JSON.stringify(value).includes('"__proto__"')) return;
      expect(canonicalJson(value)).toBe(naive(value));
    }),
    { numRuns: 500 },
  );
});

test.each([
  [{ b: 1, a: { d: 2, c: [{ f: 1, e: null }] } }, '{"a":{"c":[{"e":null,"f":1}],"d":2},"b":1}'],
  [{ 10: 1, 9: 2, a: 3 }, '{"10":1,"9":2,"a":3}'],
  [{ a: { 2: 1, 10: 2 } }, '{"a":{"10":2,"2":1}}'],
])('%j is %s', (value, text) => {
  expect(canonicalJson(value)).toBe(text);
});
