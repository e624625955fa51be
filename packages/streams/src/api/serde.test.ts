// Serdes: there and back, and what cannot be read is an error, never something else in silence.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { windowedSerde } from '../dsl/windowed-serde.ts';
import { changeSerde } from '../dsl/change-serde.ts';
import { firstCopySerde } from '../operators/dedupe.ts';
import type { Change } from './record.ts';
import {
  addFields,
  bytesSerde,
  deserialize,
  jsonObjectSerde,
  jsonSerde,
  numberSerde,
  serialize,
  stringSerde,
  type Serde,
} from './serde.ts';

function roundTrip<T>(serde: Serde<T>, value: T): T {
  return deserialize(serde, Buffer.from(serde.serialize(value)));
}

const text: fc.Arbitrary<string> = fc.string({ unit: 'binary' });

describe('round trips', () => {
  test('strings', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(roundTrip(stringSerde, value)).toBe(value);
      }),
    );
  });

  test('numbers', () => {
    const number = fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0));
    fc.assert(
      fc.property(number, (value) => {
        expect(roundTrip(numberSerde, value)).toBe(value);
      }),
    );
  });

  test('bytes, untouched', () => {
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, (value) => {
        expect(roundTrip(bytesSerde, value)).toEqual(value);
      }),
    );
  });

  test('JSON', () => {
    const serde = jsonSerde<fc.JsonValue>();
    const value = fc.jsonValue().filter((any) => any !== null);
    fc.assert(
      fc.property(value, (any) => {
        expect(roundTrip(serde, any)).toEqual(JSON.parse(JSON.stringify(any)));
      }),
    );
  });

  test('windowed keys, of text and of bytes', () => {
    const size = 60_000;
    fc.assert(
      fc.property(text, fc.nat({ max: Number.MAX_SAFE_INTEGER - size }), (key, start) => {
        const windowed = { key, start, end: start + size };
        expect(roundTrip(windowedSerde(stringSerde, size), windowed)).toEqual(windowed);
        const ofBytes = { ...windowed, key: Buffer.from(key) };
        expect(roundTrip(windowedSerde(bytesSerde, size), ofBytes)).toEqual(ofBytes);
      }),
    );
  });

  test('changes, of text and of bytes, with absent sides', () => {
    const side = fc.option(text, { nil: undefined });
    fc.assert(
      fc.property(side, side, (newValue, oldValue) => {
        expect(roundTrip(changeSerde(stringSerde), { newValue, oldValue })).toEqual({ newValue, oldValue });
        const bytes: Change<Buffer> = {
          newValue: newValue === undefined ? undefined : Buffer.from(newValue),
          oldValue: oldValue === undefined ? undefined : Buffer.from(oldValue),
        };
        expect(roundTrip(changeSerde(bytesSerde), bytes)).toEqual(bytes);
      }),
    );
  });

  test('first copies, whatever their fingerprint', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), text, (offset, fingerprint) => {
        const first = { offset, fingerprint };
        expect(roundTrip(firstCopySerde, first)).toEqual(first);
      }),
    );
  });
});

describe('what cannot be read is refused', () => {
  const latin1 = Buffer.from([0x67, 0xfc, 0x6e]);
  test.each<[string, Serde<unknown>, Buffer, string]>([
    ['a string that is not UTF-8', stringSerde, latin1, 'not valid UTF-8'],
    ['JSON that is not UTF-8', jsonSerde(), latin1, 'not valid UTF-8'],
    ['a cut surrogate', stringSerde, Buffer.from([0xed, 0xa0, 0x80]), 'not valid UTF-8'],
    ['a number that is none', numberSerde, Buffer.from('12 apples'), 'not a number: 12 apples'],
    ['a number that is empty', numberSerde, Buffer.from(' '), 'not a number'],
    ['JSON that is broken', jsonSerde(), Buffer.from('{"a":'), 'JSON'],
    [
      'JSON that its check refuses',
      jsonSerde((value) => {
        throw new TypeError(`refused ${typeof value}`);
      }),
      Buffer.from('{}'),
      'refused object',
    ],
  ])('%s', (_what, serde, bytes, message) => {
    expect(() => deserialize(serde, bytes)).toThrowError(message);
  });
});

describe('a JSON object with more fields', () => {
  const name = fc.string({ minLength: 1, maxLength: 5 }).filter((key) => key !== '__proto__');

  test('has them all, in its text and in its value', () => {
    const object = fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(object, object, fc.constantFrom('', ' ', '\n  '), (value, more, space) => {
        const fields = Object.fromEntries(Object.entries(more).filter(([key]) => !(key in value)));
        const serde = jsonObjectSerde();
        const read = serde.deserialize(`${space}${JSON.stringify(value, null, space)}${space}` as never);
        const extended = addFields(read, fields);
        const wanted: unknown = JSON.parse(JSON.stringify({ ...value, ...fields }));
        expect(JSON.parse(serde.serialize(extended) as string)).toEqual(wanted);
        expect(JSON.parse(JSON.stringify(extended.value))).toEqual(wanted);
        expect(extended.value).toBe(extended.value);
      }),
    );
  });

  test('leaves out what has no value, in its text and in its value', () => {
    const extended = addFields(jsonObjectSerde<{ a: number }>().deserialize('{"a":1}' as never), {
      a: undefined,
      b: undefined,
      c: 2,
    });
    const { value } = extended;
    expect([JSON.parse(extended.text), Object.keys(value), value]).toEqual([
      { a: 1, c: 2 },
      ['a', 'c'],
      { a: 1, c: 2 },
    ]);
  });

  test('of a key that is there twice, the last one counts, and the text keeps both', () => {
    const written = '{"user":"ada","n":1,"user":"ben"}';
    const serde = jsonObjectSerde<{ user: string; n: number }>();
    const read = deserialize(serde, Buffer.from(written));
    expect([read.value, serde.serialize(read)]).toEqual([{ user: 'ben', n: 1 }, written]);
    const extended = addFields(read, { n: 2 });
    expect(extended.value).toEqual({ user: 'ben', n: 2 });
    expect(JSON.parse(extended.text)).toEqual(extended.value);
    expect(serialize(jsonSerde(), extended.value)).toBe('{"user":"ben","n":2}');
  });

  test('is a plain object to the engine: one with an accessor of its own would cost more than all else', () => {
    setFlagsFromString('--allow-natives-syntax');
    const hasFastProperties = runInNewContext('(object) => %HasFastProperties(object)') as (
      object: object,
    ) => boolean;
    const serde = jsonObjectSerde<{ n: number }>();
    const made = [1, 2, 3].map((n) => addFields(serde.deserialize(`{"n":${n}}` as never), { more: n }));
    expect(made.map((object) => hasFastProperties(object))).toEqual([true, true, true]);
  });
});
