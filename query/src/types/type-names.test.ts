import { expect, test } from 'vitest';
import { typesOf, type TypeNames } from './type-names.ts';

const named = ['LOGIN', 'ERROR', 'Order, Completed'];
const isNamed = (name: string): boolean => named.includes(name);
const registeredOnly: TypeNames = { names: () => named, isKnown: isNamed, isNamed };
/** Unknown types are taken, or the catalogue has not been read yet. */
const any: TypeNames = { names: () => named, isKnown: () => true, isNamed };

test.each<[string | string[], string[]]>([
  ['LOGIN', ['LOGIN']],
  ['LOGIN,ERROR', ['LOGIN', 'ERROR']],
  [
    ['LOGIN', 'ERROR,LOGIN'],
    ['LOGIN', 'ERROR'],
  ],
  ['Order, Completed', ['Order, Completed']],
  [
    ['Order, Completed', 'LOGIN,ERROR'],
    ['Order, Completed', 'LOGIN', 'ERROR'],
  ],
])('%j names %j, whether other types are taken or not', (given, types) => {
  expect(typesOf(registeredOnly).parse(given)).toEqual(types);
  expect(typesOf(any).parse(given)).toEqual(types);
});

test('a type that nobody knows is a mistake, unless others are taken', () => {
  expect(typesOf(registeredOnly).safeParse('LOGIN,OTHER').error?.issues[0]?.message).toBe(
    'must be one of LOGIN, ERROR, Order, Completed',
  );
  expect(typesOf(any).parse('LOGIN,OTHER')).toEqual(['LOGIN', 'OTHER']);
});
