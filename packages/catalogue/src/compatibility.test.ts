import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { incompatibilities, onlyObjects } from './compatibility.ts';
import { compileSchema } from './compile-schema.ts';

const closed = { additionalProperties: false };
const sealed = { unevaluatedProperties: false };
const text = { type: 'string' };
const long = { enum: Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(200)) };
const large = { $defs: { long }, anyOf: Array.from({ length: 10 }, () => ({ $ref: '#/$defs/long' })) };
const ref = { $ref: '#/$defs/a', $defs: { a: { type: 'object', required: ['x'] } } };

describe('stays valid', () => {
  test.each<[string, unknown, unknown]>([
    ['the same', { type: 'object', required: ['a'] }, { required: ['a'], type: 'object' }],
    ['words for people', { title: 'a' }, { title: 'b', description: 'c', examples: [1] }],
    ['a required field less', { required: ['a', 'b'] }, { required: ['a'] }],
    ['a property more, of an open schema that is not required', { properties: { a: text } }, {}],
    [
      'a property more, of a closed one',
      { properties: { a: text }, ...closed },
      { properties: { a: text, b: text }, ...closed },
    ],
    ['a type more', { type: 'string' }, { type: ['string', 'null'] }],
    ['integers that become numbers', { type: 'integer' }, { type: 'number' }],
    ['a value more', { enum: ['a'] }, { enum: ['a', 'b'] }],
    ['values that become a type', { enum: ['a', 'b'] }, { type: 'string', maxLength: 1 }],
    ['wider bounds', { minimum: 2, maximum: 5 }, { minimum: 1, exclusiveMaximum: 6 }],
    ['bounds of a type that it was not', { type: 'string' }, { type: ['string', 'number'], minimum: 5 }],
    ['longer texts', { type: 'string', maxLength: 5 }, { type: 'string', maxLength: 9 }],
    ['a reference that is written out', ref, { type: 'object', required: ['x'] }],
    ['an alternative more', { anyOf: [text] }, { anyOf: [text, { type: 'null' }] }],
    ['a part of allOf less', { allOf: [text, { maxLength: 3 }] }, { allOf: [{ maxLength: 4 }] }],
    ['nullable', text, { ...text, nullable: true }],
    ['a type where there was nullable', { ...text, nullable: true }, { type: ['string', 'null'] }],
    ['less that allOf asks for', { allOf: [{ required: ['a'] }], ...sealed }, { required: ['a'] }],
    ['items that are wider', { items: { type: 'integer' } }, { items: { type: 'number' } }],
  ])('%s', (_, before, after) => {
    expect(incompatibilities(before, after)).toEqual([]);
  });
});

describe('does not stay valid', () => {
  test.each<[string, unknown, unknown, RegExp]>([
    ['a required field more', {}, { required: ['total'] }, /^metadata\.total: was not required$/],
    ['a type less', { type: ['string', 'null'] }, { type: 'string' }, /^metadata: null was taken$/],
    ['a type where there was none', {}, { properties: { a: text } }, /^metadata\.a: .* was taken$/],
    ['numbers that become integers', { type: 'number' }, { type: 'integer' }, /number was taken/],
    ['a value less', { enum: ['a', 'b'] }, { enum: ['a'] }, /^metadata: "b" is not taken any more$/],
    ['values where there were none', text, { type: 'string', enum: ['a'] }, /more than the values of enum/],
    [
      'a tighter bound',
      { type: 'number', minimum: 0 },
      { type: 'number', minimum: 5 },
      /minimum was 0 and is 5/,
    ],
    [
      'a bound where there was none',
      { type: 'number' },
      { type: 'number', maximum: 5 },
      /maximum was not there/,
    ],
    [
      'a bound that excludes',
      { type: 'number', minimum: 0 },
      { type: 'number', exclusiveMinimum: 0 },
      /exclusiveMinimum/,
    ],
    ['shorter texts', text, { type: 'string', maxLength: 5 }, /maxLength was not there and is 5/],
    [
      'another pattern',
      { type: 'string', pattern: 'a' },
      { type: 'string', pattern: 'b' },
      /cannot be decided/,
    ],
    ['a format', text, { type: 'string', format: 'date' }, /format .* cannot be decided/],
    [
      'a removed property of a closed schema',
      { properties: { a: text, b: text }, ...closed },
      { properties: { a: text }, ...closed },
      /^metadata\.b: is not taken any more$/,
    ],
    [
      'a schema that closes',
      { properties: { a: text } },
      { properties: { a: text }, ...closed },
      /^metadata\.\*: is not/,
    ],
    [
      'one deep inside',
      { properties: { a: { items: {} } } },
      { properties: { a: { items: text } } },
      /^metadata\.a\.\*: /,
    ],
    ['oneOf', { oneOf: [text] }, { oneOf: [text, { type: 'null' }] }, /oneOf is another one/],
    ['if', {}, JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]}}'), /if\/then\/else/],
    ['unique items', { type: 'array' }, { type: 'array', uniqueItems: true }, /need not be unique/],
    ['no null any more', { ...text, nullable: true }, text, /^metadata: null was taken$/],
    [
      'a property whose name a pattern had',
      { patternProperties: { '^x': {} }, ...closed },
      { properties: { x1: text } },
      /^metadata\.x1: /,
    ],
    [
      'a part less of what is evaluated',
      { allOf: [{ properties: { a: {}, b: {} } }], ...sealed },
      { allOf: [{ properties: { a: {} } }], ...sealed },
      /unevaluatedProperties.* cannot be decided/,
    ],
    [
      'nothing evaluated any more',
      { allOf: [{ properties: { a: {} } }], ...sealed },
      sealed,
      /unevaluatedProperties.* cannot be decided/,
    ],
    ['what is large when it is written out', { const: 1 }, large, /cannot be decided/],
    ['everything', {}, false, /^metadata: is not taken any more$/],
  ])('%s', (_, before, after, reason) => {
    expect(incompatibilities(before, after).join('\n')).toMatch(reason);
  });
});

test.each<[unknown, unknown, number]>([
  [{}, { type: 'object' }, 0],
  [true, { type: 'object' }, 0],
  [{ required: ['a'] }, { type: 'object', required: ['a'] }, 0],
  [{ type: ['object', 'string'] }, { type: 'object' }, 0],
  [{ type: 'string' }, { type: 'object', required: ['a'] }, 0],
  [{}, { type: 'array' }, 1],
  [false, {}, 0],
])('of objects alone, %j becomes %j', (before, after, reasons) => {
  expect(incompatibilities(onlyObjects(before), after)).toHaveLength(reasons);
});

const scalar = fc.constantFrom<unknown>(null, true, 0, 1, 2.5, -1, 7, '', 'a', 'ab', 'abc');
const plain = { maxKeys: 3, noNullPrototype: true };
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 3, arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), plain) },
  ),
}));
const optional = { requiredKeys: [] };
const number = fc.constantFrom(-1, 0, 1, 2, 5);
const { schema } = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }) }),
    fc.record({ const: scalar }),
    fc.record(
      {
        type: fc.oneof(
          fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object'),
          fc.uniqueArray(fc.constantFrom('null', 'integer', 'number', 'string', 'object'), {
            minLength: 1,
            maxLength: 3,
          }),
        ),
        nullable: fc.constant(true),
        minimum: number,
        exclusiveMinimum: number,
        maximum: number,
        exclusiveMaximum: number,
        multipleOf: fc.constantFrom(1, 2, 0.5),
        minLength: fc.nat(2),
        maxLength: fc.nat(3),
        pattern: fc.constantFrom('^a', 'b$'),
      },
      optional,
    ),
    fc.record(
      {
        properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'), plain),
        patternProperties: fc.dictionary(fc.constantFrom('^a', '[bc]'), tie('schema'), {
          ...plain,
          maxKeys: 1,
        }),
        additionalProperties: tie('schema'),
        required: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
        minProperties: fc.nat(2),
        maxProperties: fc.nat(3),
        propertyNames: fc.constantFrom({ pattern: '^a' }, { maxLength: 1 }, { enum: ['a', 'b'] }),
      },
      optional,
    ),
    fc.record(
      {
        items: tie('schema'),
        prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        minItems: fc.nat(2),
        maxItems: fc.nat(3),
        uniqueItems: fc.boolean(),
        contains: tie('schema'),
      },
      optional,
    ),
    fc.record(
      {
        allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'), plain),
        unevaluatedProperties: fc.constant(false),
        unevaluatedItems: fc.constant(false),
      },
      { requiredKeys: ['allOf'] },
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record(
      { oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }), not: tie('schema') },
      optional,
    ),
  ),
}));

/** A schema and a change of it: mostly a small one, so that compatible pairs are not rare. */
const pairs = fc.oneof(
  fc.tuple(schema, schema),
  fc.tuple(schema, schema).map(([a, b]) => [{ allOf: [a, b] }, a]),
  fc.tuple(schema, schema).map(([a, b]) => [a, { anyOf: [b, a] }]),
  fc.tuple(schema, fc.nat(), fc.nat(5)).map(([a, at, by]) => [a, changed(a, at, by)]),
);

/** A schema with one keyword less, or one number greater. */
function changed(before: unknown, at: number, by: number): unknown {
  if (typeof before !== 'object' || before === null || Array.isArray(before)) return before;
  const names = Object.keys(before);
  const name = names[at % names.length];
  if (name === undefined) return {};
  const copy: Record<string, unknown> = { ...before };
  const found = copy[name];
  if (typeof found === 'number') copy[name] = found + by;
  else if (by === 0 || Array.isArray(found)) delete copy[name];
  else copy[name] = changed(found, at, by);
  return copy;
}

test('what is called compatible is compatible: no value is valid before and not after', () => {
  let compatible = 0;
  fc.assert(
    fc.property(pairs, fc.array(value, { minLength: 5, maxLength: 20 }), ([before, after], values) => {
      let checks;
      try {
        if (incompatibilities(before, after).length > 0) return;
        checks = [compileSchema(before), compileSchema(after)] as const;
      } catch {
        return;
      }
      compatible++;
      const valid = values.filter((one) => checks[0](one) === undefined);
      expect(valid.filter((one) => checks[1](one) !== undefined)).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(compatible).toBeGreaterThan(30);
});
