import { describe, expect, test } from 'vitest';
import { compileSchema } from './compile-schema.ts';

const order = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['orderId', 'total'],
  additionalProperties: false,
  properties: {
    orderId: { type: 'string', pattern: '^[A-Z]-\\d+$' },
    total: { type: 'number', minimum: 0 },
    currency: { enum: ['EUR', 'USD'] },
    email: { type: 'string', format: 'email' },
    lines: { type: 'array', items: { $ref: '#/$defs/line' } },
  },
  $defs: { line: { type: 'object', required: ['sku'], properties: { 'a/b.c': { type: 'integer' } } } },
};

describe('a schema', () => {
  const check = compileSchema(order);

  test('that refuses nothing', () => {
    expect(check({ orderId: 'A-1', total: 9.5, currency: 'EUR', lines: [{ sku: 'x' }] })).toBeUndefined();
  });

  test.each([
    [{ total: 1 }, 'metadata.orderId', 'is missing'],
    [{ orderId: 'a-1', total: 1 }, 'metadata.orderId', 'must match pattern "^[A-Z]-\\d+$"'],
    [{ orderId: 'A-1', total: -1 }, 'metadata.total', 'must be >= 0'],
    [{ orderId: 'A-1', total: '1' }, 'metadata.total', 'must be number'],
    [{ orderId: 'A-1', total: 1, extra: 1 }, 'metadata.extra', 'is not a field of this type'],
    [{ orderId: 'A-1', total: 1, currency: 'GBP' }, 'metadata.currency', 'must be one of "EUR", "USD"'],
    [{ orderId: 'A-1', total: 1, email: 'x' }, 'metadata.email', 'must match format "email"'],
    [{ orderId: 'A-1', total: 1, lines: [{}] }, 'metadata.lines.0.sku', 'is missing'],
    [
      { orderId: 'A-1', total: 1, lines: [{ sku: 1, 'a/b.c': 'x' }] },
      'metadata.lines.0.a/b.c',
      'must be integer',
    ],
  ])('refuses %j at %s: %s', (metadata, field, message) => {
    expect(check(metadata)).toEqual([{ field, message }]);
  });

  test('lists twenty problems at most', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, 1]));
    expect(check({ orderId: 'A-1', total: 1, ...many })).toHaveLength(20);
  });
});

/** As long as a chain of references that each lead on twice: 2^depth comparisons. */
function doubling(depth: number): object {
  const $defs = Object.fromEntries(
    Array.from({ length: depth }, (_, i) => [
      `d${i}`,
      i + 1 === depth
        ? { type: 'object' }
        : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  );
  return { $ref: '#/$defs/d0', $defs };
}

function nested(depth: number): object {
  return depth === 0 ? {} : { properties: { a: nested(depth - 1) } };
}

test.each<[string, unknown, RegExp]>([
  ['no schema', 'text', /must be an object, true or false/],
  ['a word that is misspelt', { requierd: ['a'] }, /unknown keyword: "requierd"/],
  [
    'a type that there is not',
    { type: 'text' },
    /is no JSON Schema of 2020-12: schema\/type must be equal to one of/,
  ],
  ['items of another draft', { items: [{}] }, /^schema: is no [^:]*: schema\/items must be object,boolean$/],
  ['another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, /draft-07.* must be "https/],
  ['a format that is not checked', { format: 'color' }, /unknown format "color" at #: the formats are date/],
  ['too many bytes', { description: 'x'.repeat(40_000) }, /must not have more than 32768/],
  ['too much nesting', nested(40), /must not nest deeper than 64/],
  ['a reference to itself', { $ref: '#' }, /leads back to itself/],
  ['a tree', { properties: { child: { $ref: '#' } } }, /leads back to itself/],
  ['a reference to elsewhere', { $ref: 'https://example.com/a.json' }, /within the schema/],
  ['a reference to nothing', { $ref: '#/$defs/a' }, /leads to nothing/],
  ['an anchor', { $anchor: 'a' }, /is not taken/],
  ['an id within', { properties: { a: { $id: 'http://a.example/b' } } }, /properties\.a\.\$id: is taken at/],
  ['what another draft had', { dependencies: { a: { $ref: '#' } } }, /write dependentRequired/],
  ['references that double', doubling(40), /must not be more than 2000/],
  ['a pattern that looks ahead', { pattern: '(?=a)b' }, /schema\.pattern: looks ahead or behind/],
  [
    'patterns of names that are too large',
    { patternProperties: { 'a{9}{99}': true } },
    /patternProperties\.a\{9\}\{99\}: /,
  ],
  ['too many alternatives', { enum: Array.from({ length: 3_000 }, (_, i) => i) }, /2000 times/],
])('%s is refused', (_, schema, reason) => {
  expect(() => compileSchema(schema)).toThrow(reason);
});

test('true takes everything, false nothing', () => {
  expect(compileSchema(true)({})).toBeUndefined();
  expect(compileSchema(false)({})).toEqual([{ field: 'metadata', message: 'boolean schema is false' }]);
});

test('names that JavaScript gives a meaning are names', () => {
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"string"},"toString":{"type":"integer"}},"required":["hasOwnProperty"]}',
  ) as object;
  const check = compileSchema(schema);
  expect(check({ hasOwnProperty: 1 })).toBeUndefined();
  expect(check({})?.[0]?.field).toBe('metadata.hasOwnProperty');
  expect(check({ hasOwnProperty: 1, toString: 'x' })?.[0]?.field).toBe('metadata.toString');
});

test.each(['date', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'json-pointer', 'uri'])(
  'no text makes the format %s hang',
  (format) => {
    const check = compileSchema({ properties: { a: { format } } });
    const texts = ['a', '1', ':', '.', '-', 'a.', 'a-', '1:', '0:', '%41', 'a@', '/~0', '[', 'P1', '::1'];
    const began = performance.now();
    for (const text of texts) {
      for (const before of ['', 'http://', 'a@', '1::', 'P']) {
        check({ a: `${before}${text.repeat(30_000 / text.length)}!` });
      }
    }
    expect(performance.now() - began).toBeLessThan(10_000);
  },
);

test('values that cannot be compared are refused', () => {
  const check = compileSchema({ properties: { list: { uniqueItems: true } } });
  expect(check({ list: [{ a: 1 }, { a: 2 }] })).toBeUndefined();
  expect(check({ list: [{ valueOf: 1 }, { valueOf: 1 }] })?.[0]?.message).toContain('cannot be compared');
});
