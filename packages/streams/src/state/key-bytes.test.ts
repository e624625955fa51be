// The bytes and hashes of keys, whatever was asked for before.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur2 } from '@activity/kafka/core';
import { keyBytes } from './key-bytes.ts';

test('a key has the same bytes and hash after any other', () => {
  const text = fc.oneof(fc.constantFrom('a', 'b', 'é', 'x'.repeat(5_000)), fc.string({ unit: 'binary' }));
  const encoding = fc.constantFrom('utf8' as const, 'latin1' as const);
  fc.assert(
    fc.property(fc.array(fc.tuple(text, encoding), { minLength: 1 }), (keys) => {
      for (const [key, how] of keys) {
        const { bytes, length, hash } = keyBytes(key, how);
        const want = Buffer.from(key, how);
        expect(Buffer.from(bytes.subarray(0, length))).toEqual(want);
        expect(hash).toBe(murmur2(want));
      }
    }),
  );
});
