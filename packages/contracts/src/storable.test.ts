import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findUnstorable, isStorable, maxNesting, maxValues } from './storable.ts';

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('findUnstorable', () => {
  test.each<[string, unknown]>([
    ['what JSON can hold', { a: [null, true, 'text', 1.5, -0, { 'b.c': {} }], '': 'ünï😀' }],
    ['the largest safe integers', { a: Number.MAX_SAFE_INTEGER, b: Number.MIN_SAFE_INTEGER }],
    ['a dollar inside a name', { a$b: 1 }],
    ['the deepest nesting', nested(maxNesting)],
    ['the most values', Array.from({ length: maxValues - 1 }, () => 1)],
  ])('takes %s', (_, value) => {
    expect(findUnstorable(value)).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [{ a: { $gt: 1 } }, 'a.$gt'],
    [[{ 'x\0': 1 }], '0.x\0'],
    [JSON.parse('{"a":{"__proto__":1}}'), 'a.__proto__'],
    [{ constructor: 1 }, 'constructor'],
    [{ '\ud800': 1 }, '\ud800'],
    [{ a: ['\udc00'] }, 'a.0'],
    [{ a: 2 ** 53 }, 'a'],
    [{ a: -(2 ** 63) }, 'a'],
    [{ a: JSON.parse('1e400') as unknown }, 'a'],
    [{ a: nested(maxNesting) }, 'a'],
    [Array.from({ length: maxValues }, () => 1), ''],
    ['\ud800', ''],
  ])('finds what is wrong with %j', (value, path) => {
    expect(findUnstorable(value)?.path.startsWith(path)).toBe(true);
  });

  test('does not overflow the stack', () => {
    expect(findUnstorable(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).toHaveProperty('message');
  });

  test('finds every integer that JSON.parse has rounded', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (integer) => {
        const parsed: unknown = JSON.parse(String(integer));
        const exact = typeof parsed === 'number' && BigInt(parsed) === integer;
        expect(findUnstorable(parsed) !== undefined || exact).toBe(true);
      }),
    );
  });
});

describe('isStorable', () => {
  const strange = fc.oneof(
    fc.constantFrom<unknown>(
      2 ** 53,
      Number.POSITIVE_INFINITY,
      '\ud800',
      nested(maxNesting),
      nested(maxNesting + 1),
    ),
    fc.dictionary(fc.constantFrom('$a', 'a\0', 'constructor', 'a', 'b.c'), fc.jsonValue()),
    fc.jsonValue({ maxDepth: 5 }),
  );

  test('says what findUnstorable says', () => {
    fc.assert(
      fc.property(fc.oneof(strange, fc.array(strange), fc.dictionary(fc.string(), strange)), (value) => {
        expect(isStorable(value)).toBe(findUnstorable(value) === undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([maxValues - 1, maxValues])('counts %i values alike', (length) => {
    const value = Array.from({ length }, () => 1);
    expect(isStorable(value)).toBe(findUnstorable(value) === undefined);
  });
});
