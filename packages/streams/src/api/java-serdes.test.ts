// Serdes of Java: the bytes that Kafka's own serializers wrote, in both directions, and what is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { partitionOf } from '@activity/kafka/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { javaSessionWindowedSerde, javaTimeWindowedSerde } from '../dsl/java-windowed-serdes.ts';
import { sessionWindowedSerde, windowedSerde } from '../dsl/windowed-serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { tumbling } from '../dsl/windows.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import type { Windowed } from './record.ts';
import {
  booleanSerde,
  doubleSerde,
  floatSerde,
  integerSerde,
  longBigIntSerde,
  longSerde,
  shortSerde,
  uuidSerde,
  voidSerde,
} from './java-serdes.ts';
import { bytesSerde, deserialize, stringSerde, type Serde } from './serde.ts';

interface Kind {
  serde: Serde<unknown>;
  valueOf: (text: string) => unknown;
}

interface Golden {
  serde: string;
  value: string | null;
  bytes: string | null;
}

interface GoldenWindowed {
  serde: 'TimeWindowed' | 'SessionWindowed';
  inner: string;
  key: string;
  start: number;
  end: number;
  partition: number;
  bytes: string;
}

/** How many partitions GoldenSerdes.java chose from. */
const partitions = 31;

const kinds: { readonly [java: string]: Kind } = {
  Long: { serde: longBigIntSerde, valueOf: BigInt },
  Integer: { serde: integerSerde, valueOf: Number },
  Short: { serde: shortSerde, valueOf: Number },
  Double: { serde: doubleSerde, valueOf: Number },
  Float: { serde: floatSerde, valueOf: (text) => Math.fround(Number(text)) },
  Boolean: { serde: booleanSerde, valueOf: (text) => text === 'true' },
  UUID: { serde: uuidSerde, valueOf: String },
  String: { serde: stringSerde, valueOf: String },
  ByteArray: { serde: bytesSerde, valueOf: (hex) => Buffer.from(hex, 'hex') },
  Void: { serde: voidSerde, valueOf: String },
};

function kindOf(java: string): Kind {
  const kind = kinds[java];
  if (!kind) throw new Error(`the golden file has a serde that is not here: ${java}`);
  return kind;
}

const lines = readFileSync(join(import.meta.dirname, 'java-serdes.golden.jsonl'), 'utf8')
  .trimEnd()
  .split('\n');
const golden = lines.map((line) => JSON.parse(line) as Golden | GoldenWindowed);
const plain = golden.filter((entry): entry is Golden => 'value' in entry);
const windowed = golden.filter((entry): entry is GoldenWindowed => 'inner' in entry);

function hexOf<T>(serde: Serde<T>, value: T): string {
  return Buffer.from(serde.serialize(value) as string).toString('hex');
}

test('every serde of Java is in the golden file', () => {
  expect(new Set(plain.map(({ serde }) => serde))).toEqual(new Set(Object.keys(kinds)));
  expect(windowed.length).toBeGreaterThan(20);
});

const written = plain.filter(
  (entry): entry is { serde: string; value: string; bytes: string } => entry.value !== null,
);
const longs = written.filter(({ serde }) => serde === 'Long');
const isSafe = ({ value }: { value: string }): boolean => Number.isSafeInteger(Number(value));

test('null is Kafka’s null, and no serde is asked about it', () => {
  const nulls = plain.filter(({ value, bytes }) => value === null || bytes === null);
  expect(nulls).toEqual(Object.keys(kinds).map((serde) => ({ serde, value: null, bytes: null })));
});

describe('as Java', () => {
  test.each(written)('$serde $value', ({ serde: java, value: text, bytes: hex }) => {
    const { serde, valueOf } = kindOf(java);
    const value = valueOf(text);
    expect(hexOf(serde, value)).toBe(hex);
    expect(deserialize(serde, Buffer.from(hex, 'hex'))).toStrictEqual(value);
  });

  test.each(longs.filter(isSafe))('Long $value as a number', ({ value, bytes }) => {
    expect(hexOf(longSerde, Number(value))).toBe(bytes);
    expect(deserialize(longSerde, Buffer.from(bytes, 'hex'))).toBe(Number(value));
  });

  test.each(longs.filter((long) => !isSafe(long)))('Long $value is no safe number', ({ value, bytes }) => {
    expect(() => longSerde.serialize(Number(value))).toThrow('may be inexact: use longBigIntSerde');
    expect(() => deserialize(longSerde, Buffer.from(bytes, 'hex'))).toThrow(
      `the Java Long ${value} is no safe number: use longBigIntSerde`,
    );
  });

  test.each(windowed)('$serde $inner $key@$start/$end', ({ serde: java, inner, bytes: hex, ...entry }) => {
    const { serde, valueOf } = kindOf(inner);
    const { start, end } = entry;
    const inside = serde;
    const keys =
      java === 'TimeWindowed' ? javaTimeWindowedSerde(inside, end - start) : javaSessionWindowedSerde(inside);
    const key: Windowed<unknown> = { key: valueOf(entry.key), start, end };
    expect(hexOf(keys, key)).toBe(hex);
    expect(keys.deserialize(Buffer.from(hex, 'hex'))).toStrictEqual(key);
    const ours = java === 'TimeWindowed' ? windowedSerde(inside, end - start) : sessionWindowedSerde(inside);
    for (const each of [keys, ours])
      expect(partitionOf(each.partitionKey?.(key) ?? '', partitions)).toBe(entry.partition);
  });
});

test('every whole number, and every double, comes back as it was', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.double(), (whole, double) => {
      expect(hexOf(longSerde, whole)).toBe(hexOf(longBigIntSerde, BigInt(whole)));
      expect(deserialize(longSerde, Buffer.from(longSerde.serialize(whole) as Uint8Array))).toBe(whole);
      expect(deserialize(doubleSerde, Buffer.from(doubleSerde.serialize(double) as Uint8Array))).toBe(double);
    }),
  );
});

test('a NaN of other bits is read, and written as Java has it', () => {
  const other = Buffer.from('fff8000000000001', 'hex');
  expect(hexOf(doubleSerde, deserialize(doubleSerde, other))).toBe('7ff8000000000000');
  expect(hexOf(floatSerde, deserialize(floatSerde, Buffer.from('ffc00001', 'hex')))).toBe('7fc00000');
});

test('a UUID in upper case is the same key', () => {
  expect(uuidSerde.serialize('019A2B3C-4D5E-7F60-8A9B-ACBDCEDFE0F1')).toBe(
    '019a2b3c-4d5e-7f60-8a9b-acbdcedfe0f1',
  );
});

const secret = 'a secret of the record';

describe('is not written', () => {
  test.each<[string, Serde<unknown>, unknown, string]>([
    ['a fraction as Long', longSerde, 1.5, 'not a Java Long: 1.5 is not a whole number'],
    ['NaN as Long', longSerde, Number.NaN, 'not a Java Long: NaN is not a whole number'],
    ['text as Long', longSerde, secret, 'not a Java Long: string is not a whole number'],
    ['a bigint as a number', longSerde, 1n, 'not a Java Long: 1 is not a whole number'],
    [
      '2^63 as Long',
      longBigIntSerde,
      2n ** 63n,
      'not a Java Long: 9223372036854775808 is not a bigint of 64',
    ],
    ['a number as a bigint', longBigIntSerde, 1, 'not a Java Long: 1 is not a bigint of 64 bits'],
    ['2^31 as Integer', integerSerde, 2 ** 31, 'not a Java Integer: 2147483648 is not a whole number of 32'],
    ['-2^31 - 1 as Integer', integerSerde, -(2 ** 31) - 1, 'is not a whole number of 32 bits'],
    ['a fraction as Short', shortSerde, 0.5, 'not a Java Short: 0.5 is not a whole number of 16 bits'],
    ['2^15 as Short', shortSerde, 2 ** 15, 'not a Java Short: 32768 is not'],
    ['text as Double', doubleSerde, secret, 'not a Java Double: string is not a number'],
    ['a bigint as Double', doubleSerde, 1n, 'not a Java Double: 1 is not a number'],
    ['1e39 as Float', floatSerde, 1e39, 'not a Java Float: 1e+39 is larger than any float; use doubleSerde'],
    ['text as Boolean', booleanSerde, secret, 'not a Java Boolean: string'],
    ['text as UUID', uuidSerde, secret, 'not a UUID'],
    ['something as Void', voidSerde, secret, 'voidSerde writes undefined only'],
    [
      'a windowed key without a key',
      javaTimeWindowedSerde(stringSerde, 1),
      { start: 0, end: 1 },
      'the serde returned undefined, not text',
    ],
    [
      'a session without its end',
      javaSessionWindowedSerde(stringSerde),
      { key: 'k', start: 0 },
      'not a Java Long: undefined',
    ],
  ])('%s', (_what, serde, value, message) => {
    const write = (): unknown => serde.serialize(value);
    expect(write).toThrow(message);
    expect(write).not.toThrow(secret);
  });
});

describe('is not read', () => {
  test.each<[string, Serde<unknown>, string, string]>([
    ['a Long of decimal text', longSerde, '3432', 'a Java Long has 8 bytes, not 2: check the serde'],
    ['a Long of 9 bytes', longBigIntSerde, '000000000000000001', 'a Java Long has 8 bytes, not 9'],
    ['an empty Integer', integerSerde, '', 'a Java Integer has 4 bytes, not 0'],
    ['a Short of 4 bytes', shortSerde, '00000001', 'a Java Short has 2 bytes, not 4'],
    ['a Double of 4 bytes', doubleSerde, '3fc00000', 'a Java Double has 8 bytes, not 4'],
    ['a Float of 8 bytes', floatSerde, '3ff8000000000000', 'a Java Float has 4 bytes, not 8'],
    ['a Boolean of 2', booleanSerde, '02', 'not a Java Boolean: the byte is 2, not 0 or 1'],
    ['a UUID of 16 bytes', uuidSerde, '00'.repeat(16), 'not a UUID'],
    ['a Void that is something', voidSerde, '00', 'voidSerde reads null only, not 1 bytes'],
    ['a short window', javaTimeWindowedSerde(stringSerde, 1), '00'.repeat(7), '7 bytes are no key'],
    ['a short session', javaSessionWindowedSerde(stringSerde), '00'.repeat(15), '15 bytes are no key'],
    [
      'a window of text',
      javaTimeWindowedSerde(stringSerde, 1),
      Buffer.from('word@1764403200000').toString('hex'),
      'no safe number',
    ],
  ])('%s', (_what, serde, hex, message) => {
    expect(() => deserialize(serde, Buffer.from(hex, 'hex'))).toThrow(message);
  });
});

test('a window must be a millisecond at least', () => {
  expect(() => javaTimeWindowedSerde(stringSerde, 0)).toThrow('at least 1 ms, not 0');
});

test.each([
  ['Java’s', javaTimeWindowedSerde(stringSerde, '1s')],
  ['text', windowedSerde(stringSerde, 1_000)],
])('a topic of windowed keys, %s, is partitioned by the keys, as Java does it', (_what, key) => {
  const builder = new StreamsBuilder();
  const strings = { key: stringSerde, value: stringSerde };
  builder
    .stream('in', strings)
    .groupByKey()
    .windowedBy(tumbling({ size: '1s', grace: 0 }))
    .count()
    .toStream()
    .to('out', { key, value: longSerde });
  const driver = new TopologyTestDriver(builder.build(), { partitions: 5 });
  const input = driver.input('in', strings);
  const names = ['ada', 'ben', 'cleo', 'dan', 'eve'];
  for (const [n, name] of [...names, ...names].entries()) input.pipe(name, 'x', n * 1_000, { partition: 0 });
  const counts = driver.output('out', { key, value: longSerde }).readAll();
  const byStart = counts.toSorted((a, b) => (a.key?.start ?? 0) - (b.key?.start ?? 0));
  expect(
    byStart.map((record) => [record.key?.key, record.key?.start, record.value, record.partition]),
  ).toEqual([...names, ...names].map((name, n) => [name, n * 1_000, 1, partitionOf(name, 5)]));
});
