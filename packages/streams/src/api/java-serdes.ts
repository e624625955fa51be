// Serdes of Java's numbers, booleans and UUIDs: the bytes of Kafka's own serializers, so that applications in
// Java and in TypeScript read each other's topics.
// Source: org.apache.kafka.common.serialization.Serdes.
import type { Serde } from './serde.ts';

/** A value as an error names it: never all of it, for it may be a record's content. */
function shown(value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value;
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function checkLength(bytes: Buffer, length: number, type: string): void {
  if (bytes.length === length) return;
  throw new TypeError(
    `a Java ${type} has ${length} bytes, not ${bytes.length}: check the serde of the topic`,
  );
}

/** A serde of numbers of a fixed length. `write` is only called with values that `check` lets through. */
function numberOf(
  name: string,
  type: string,
  length: number,
  check: (value: number) => void,
  write: (bytes: Buffer, value: number) => void,
  read: (bytes: Buffer) => number,
): Serde<number> {
  return {
    format: 'bytes',
    name,
    serialize(value) {
      check(value);
      const bytes = Buffer.allocUnsafe(length);
      write(bytes, value);
      return bytes;
    },
    deserialize(bytes) {
      checkLength(bytes, length, type);
      return read(bytes);
    },
  };
}

function wholeWithin(type: string, bits: number): (value: number) => void {
  const limit = 2 ** (bits - 1);
  return (value) => {
    if (Number.isInteger(value) && value >= -limit && value < limit) return;
    throw new RangeError(`not a Java ${type}: ${shown(value)} is not a whole number of ${bits} bits`);
  };
}

const remedy = 'use longBigIntSerde';

/**
 * Java's `Long`, as eight bytes: `Serdes.Long()` in Kafka Streams. For numbers up to 2^53 - 1, such as counts
 * and times: what a number cannot hold exactly is refused, when it is written and when it is read.
 * @throws RangeError for what is no safe integer: use {@link longBigIntSerde}.
 * @throws TypeError when it reads other than eight bytes.
 * @example clicks.groupByKey().count().toStream().to('counts', { value: longSerde })
 */
export const longSerde: Serde<number> = numberOf(
  'java-long',
  'Long',
  8,
  (value) => {
    if (Number.isSafeInteger(value)) return;
    const why = Number.isInteger(value) ? `may be inexact: ${remedy}` : 'is not a whole number';
    throw new RangeError(`not a Java Long: ${shown(value)} ${why}`);
  },
  (bytes, value) => {
    bytes.writeInt32BE(Math.floor(value / 2 ** 32), 0);
    bytes.writeUInt32BE(value >>> 0, 4);
  },
  (bytes) => {
    const value = bytes.readInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4);
    if (Number.isSafeInteger(value)) return value;
    throw new RangeError(`the Java Long ${bytes.readBigInt64BE()} is no safe number: ${remedy}`);
  },
);

/**
 * Java's `Long`, as eight bytes, for every value that it can have: as a `bigint`.
 * @throws RangeError for what is not a `bigint` of 64 bits, signed.
 * @throws TypeError when it reads other than eight bytes.
 * @example builder.stream('ids', { key: longBigIntSerde, value: stringSerde })
 */
export const longBigIntSerde: Serde<bigint> = {
  format: 'bytes',
  name: 'java-long-bigint',
  serialize(value) {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value)
      throw new RangeError(`not a Java Long: ${shown(value)} is not a bigint of 64 bits`);
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  },
  deserialize(bytes) {
    checkLength(bytes, 8, 'Long');
    return bytes.readBigInt64BE();
  },
};

/**
 * Java's `Integer`, as four bytes: `Serdes.Integer()` in Kafka Streams.
 * @throws RangeError for what is not a whole number of 32 bits, signed.
 * @throws TypeError when it reads other than four bytes.
 * @example builder.stream('ages', { key: stringSerde, value: integerSerde })
 */
export const integerSerde: Serde<number> = numberOf(
  'java-integer',
  'Integer',
  4,
  wholeWithin('Integer', 32),
  (bytes, value) => bytes.writeInt32BE(value),
  (bytes) => bytes.readInt32BE(),
);

/**
 * Java's `Short`, as two bytes: `Serdes.Short()` in Kafka Streams.
 * @throws RangeError for what is not a whole number of 16 bits, signed.
 * @throws TypeError when it reads other than two bytes.
 * @example builder.stream('levels', { key: stringSerde, value: shortSerde })
 */
export const shortSerde: Serde<number> = numberOf(
  'java-short',
  'Short',
  2,
  wholeWithin('Short', 16),
  (bytes, value) => bytes.writeInt16BE(value),
  (bytes) => bytes.readInt16BE(),
);

function checkNumber(type: string): (value: number) => void {
  return (value) => {
    if (typeof value !== 'number') throw new TypeError(`not a Java ${type}: ${shown(value)} is not a number`);
  };
}

/**
 * Java's `Double`, as eight bytes: `Serdes.Double()` in Kafka Streams. Every number is written exactly, -0
 * and the infinities too; every NaN as Java's own, so that equal keys have equal bytes.
 * @throws TypeError for what is not a number, and when it reads other than eight bytes.
 * @example builder.stream('prices', { key: stringSerde, value: doubleSerde })
 */
export const doubleSerde: Serde<number> = numberOf(
  'java-double',
  'Double',
  8,
  checkNumber('Double'),
  (bytes, value) => {
    if (Number.isNaN(value)) bytes.writeBigUInt64BE(0x7ff8n << 48n);
    else bytes.writeDoubleBE(value);
  },
  (bytes) => bytes.readDoubleBE(),
);

/**
 * Java's `Float`, as four bytes: `Serdes.Float()` in Kafka Streams. A number is rounded to the nearest float,
 * as Java's `(float) number` does: 0.1 is read as 0.10000000149011612.
 * @throws RangeError for a finite number that is larger than any float.
 * @throws TypeError for what is not a number, and when it reads other than four bytes.
 * @example builder.stream('temperatures', { key: stringSerde, value: floatSerde })
 */
export const floatSerde: Serde<number> = numberOf(
  'java-float',
  'Float',
  4,
  (value) => {
    checkNumber('Float')(value);
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
      throw new RangeError(`not a Java Float: ${value} is larger than any float; use doubleSerde`);
  },
  (bytes, value) => {
    if (Number.isNaN(value)) bytes.writeUInt32BE(0x7fc00000);
    else bytes.writeFloatBE(value);
  },
  (bytes) => bytes.readFloatBE(),
);

/**
 * Java's `Boolean`, as one byte: `Serdes.Boolean()` in Kafka Streams.
 * @throws TypeError for what is neither true nor false, and when it reads anything but a byte of 0 or 1.
 * @example builder.stream('flags', { key: stringSerde, value: booleanSerde })
 */
export const booleanSerde: Serde<boolean> = {
  format: 'bytes',
  name: 'java-boolean',
  serialize(value) {
    if (typeof value !== 'boolean') throw new TypeError(`not a Java Boolean: ${shown(value)}`);
    return Buffer.of(value ? 1 : 0);
  },
  deserialize(bytes) {
    checkLength(bytes, 1, 'Boolean');
    const [byte] = bytes;
    if (byte !== 0 && byte !== 1) throw new TypeError(`not a Java Boolean: the byte is ${byte}, not 0 or 1`);
    return byte === 1;
  },
};

const uuidForm = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

function uuidOf(text: string): string {
  if (typeof text === 'string' && uuidForm.test(text)) return text.toLowerCase();
  throw new TypeError('not a UUID: it is written as 8-4-4-4-12 hexadecimal digits');
}

/**
 * UUIDs, as their 36 characters in lower case: `Serdes.UUID()` in Kafka Streams.
 * @throws TypeError for what is no UUID, when it is written and when it is read.
 * @example builder.stream('orders', { key: uuidSerde, value: jsonSerde<Order>() })
 */
export const uuidSerde: Serde<string> = {
  format: 'text',
  name: 'java-uuid',
  serialize: uuidOf,
  deserialize: uuidOf,
};

/**
 * Nothing: Kafka's null is the one value, `undefined` in steps. `Serdes.Void()` in Kafka Streams.
 * @throws TypeError for anything else, when it is written and when it is read.
 * @example builder.stream('marks', { key: stringSerde, value: voidSerde })
 */
export const voidSerde: Serde<undefined> = {
  format: 'bytes',
  name: 'java-void',
  serialize(value: unknown) {
    throw new TypeError(`voidSerde writes undefined only, not a value of the type ${typeof value}`);
  },
  deserialize(bytes) {
    throw new TypeError(`voidSerde reads null only, not ${bytes.length} bytes: check the serde of the topic`);
  },
};
