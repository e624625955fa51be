import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { membersOf } from './json-members.ts';

function textsOf(json: string): Record<string, string> | undefined {
  const members = membersOf(Buffer.from(json));
  return members && Object.fromEntries([...members].map(([name, bytes]) => [name, bytes.toString()]));
}

test.each([
  ['{}', {}],
  [' { "a" : [1, {"b":"}"}] , "c":"x\\"y" } ', { a: '[1, {"b":"}"}]', c: '"x\\"y"' }],
  ['{"a":1,"a":2}', { a: '2' }],
  ['{"\\u0061":null}', { a: 'null' }],
  ['[1]', undefined],
  ['', undefined],
  ['{"a":1', undefined],
  ['{"a":1}x', undefined],
  ['{"a" 1}', undefined],
  ['{a:1}', undefined],
  ['{"a":1 "b":2}', undefined],
  [`{${Array.from({ length: 65 }, (_, index) => `"${index}":0`).join(',')}}`, undefined],
])('%s', (json, expected) => {
  expect(textsOf(json)).toEqual(expected);
});

test('finds what JSON.parse finds', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 20 }), fc.nat(2), (object, indent) => {
      const found = textsOf(JSON.stringify(object, undefined, indent)) ?? {};
      const parsed = JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
      expect(Object.entries(found).map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual(
        Object.keys(found).map((name) => [name, parsed[name]]),
      );
      expect(Object.keys(found).toSorted()).toEqual(Object.keys(parsed).toSorted());
    }),
  );
});
