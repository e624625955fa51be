import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namedCounts, typeKey, typeNameProblem, typeOfKey } from './type-name.ts';

describe('typeNameProblem', () => {
  test.each([
    'LOGIN',
    'Order Completed',
    'order.completed/v2 ($)',
    'com.example.order.created',
    'Bestellung abgeschlossen — „fertig“',
    '注文完了',
    'می\u200cروم',
    '👩\u200d💻',
    '__proto__',
    'x'.repeat(128),
    '日'.repeat(42),
  ])('takes %j', (name) => {
    expect(typeNameProblem(name)).toBeUndefined();
  });

  test.each([
    ['', 'must not be empty'],
    ['x'.repeat(129), 'must not be longer than 128 bytes of UTF-8'],
    ['日'.repeat(43), 'must not be longer than 128 bytes of UTF-8'],
    [' a', 'must not begin or end with blanks'],
    ['a\u00a0', 'must not begin or end with blanks'],
    ['a\tb', 'must be printable: without control characters and ends of lines'],
    ['a\nb', 'must be printable: without control characters and ends of lines'],
    ['a\0', 'must be printable: without control characters and ends of lines'],
    ['a\u2028b', 'must be printable: without control characters and ends of lines'],
    ['a\u202eb', 'must be printable: without control characters and ends of lines'],
    ['\ud800', 'must be printable: without control characters and ends of lines'],
    [7, 'must be a text'],
    [undefined, 'must be a text'],
  ])('refuses %j: %s', (name, problem) => {
    expect(typeNameProblem(name)).toBe(problem);
  });
});

describe('typeKey', () => {
  test.each([
    ['LOGIN', 'LOGIN'],
    ['Order Completed', 'Order Completed'],
    ['cart.add', 'cart%2Eadd'],
    ['$set', '%24set'],
    ['100%', '100%25'],
    ['%2E', '%252E'],
    ['__proto__', '%5F_proto__'],
    ['constructor', '%63onstructor'],
    ['toString', '%74oString'],
  ])('%j becomes %j', (name, key) => {
    expect(typeKey(name)).toBe(key);
  });

  test('is undone by typeOfKey, and is a field name that MongoDB and JavaScript give no meaning', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('%', '.', '$', '2', '5', 'E', '_', 'a') }),
    );
    fc.assert(
      fc.property(text, (name) => {
        const key = typeKey(name);
        expect(typeOfKey(key)).toBe(name);
        expect(key).not.toMatch(/[.$]/);
        expect(key in {}).toBe(false);
      }),
    );
  });

  test('namedCounts gives the names back', () => {
    const counts = namedCounts({ 'cart%2Eadd': 2, '%5F_proto__': 3, LOGIN: 1 });
    expect(Object.entries(counts)).toEqual([
      ['cart.add', 2],
      ['__proto__', 3],
      ['LOGIN', 1],
    ]);
  });
});
