import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorCodec, cursorKey } from './cursor.ts';
import type { Cursor } from './cursor.ts';

const cursors: fc.Arbitrary<Cursor> = fc.record({
  order: fc.constantFrom('newest' as const, 'oldest' as const),
  side: fc.constantFrom('before' as const, 'after' as const),
  position: fc.record({
    time: fc.integer({ min: 0, max: 253_402_300_799_999 }),
    id: fc.maxSafeNat(),
  }),
  digest: fc.string({ maxLength: 10 }),
});
const codec = cursorCodec(cursorKey('the key of a test', ''));

test('what is written is read back, as one word that a URL takes', () => {
  fc.assert(
    fc.property(cursors, (cursor) => {
      const text = codec.write(cursor);
      expect(text).toMatch(/^[A-Za-z0-9_.-]+$/);
      expect(codec.read(text)).toEqual(cursor);
    }),
  );
});

test('a cursor that was changed in any place is none', () => {
  fc.assert(
    fc.property(cursors, fc.nat(), fc.constantFrom('A', 'b', '9', '_', '.', ''), (cursor, at, by) => {
      const text = codec.write(cursor);
      const place = at % text.length;
      const changed = text.slice(0, place) + by + text.slice(place + 1);
      fc.pre(changed !== text);
      const read = codec.read(changed);
      // The last character of the signature has bits that stand for nothing.
      const allowed = place < text.length - 1 ? [undefined] : [undefined, cursor];
      expect(allowed).toContainEqual(read);
    }),
  );
});

test('any other text is none, and no other key’s', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (text) => {
      expect(codec.read(text)).toBeUndefined();
    }),
  );
  const other = cursorCodec(cursorKey(undefined, 'mongodb://u:p@h/db'));
  const [cursor] = fc.sample(cursors, 1);
  expect(cursor && codec.read(other.write(cursor))).toBeUndefined();
});
