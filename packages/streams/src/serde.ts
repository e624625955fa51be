// Serdes: how keys and values become bytes. Text serdes avoid a buffer for every record.
import { isUtf8 } from 'node:buffer';

/** Turns values into text and back; the runtime does the UTF-8. */
export interface TextSerde<T> {
  readonly format: 'text';
  serialize(value: T): string;
  deserialize(text: string): T;
}

/** Turns values into bytes and back. */
export interface BytesSerde<T> {
  readonly format: 'bytes';
  serialize(value: T): Uint8Array;
  deserialize(bytes: Buffer): T;
}

/** How a key or value is written. `deserialize` throws on what it cannot read. */
export type Serde<T> = TextSerde<T> | BytesSerde<T>;

/** What a serde writes. */
export type Serialized = string | Uint8Array;

/** Strings, as UTF-8. */
export const stringSerde: Serde<string> = {
  format: 'text',
  serialize: (value) => value,
  deserialize: (text) => text,
};

/** Whole and fractional numbers, as decimal text. */
export const numberSerde: Serde<number> = {
  format: 'text',
  serialize: (value) => String(value),
  deserialize(text) {
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw new TypeError(`not a number: ${text.slice(0, 40)}`);
    return value;
  },
};

/** Bytes, untouched. */
export const bytesSerde: Serde<Buffer> = {
  format: 'bytes',
  serialize: (value) => value,
  deserialize: (bytes) => bytes,
};

/**
 * JSON, optionally checked by a parser such as a zod schema's `parse`.
 *
 * @example jsonSerde<Order>()
 * @example jsonSerde((value) => orderSchema.parse(value))
 */
export function jsonSerde<T>(check?: (value: unknown) => T): Serde<T> {
  return {
    format: 'text',
    serialize: (value) => JSON.stringify(value),
    deserialize: check ? (text) => check(JSON.parse(text)) : (text) => JSON.parse(text) as T,
  };
}

/** Reads bytes with a serde; text that is not UTF-8 is an error, never replaced in silence. */
export function deserialize<T>(serde: Serde<T>, bytes: Buffer): T {
  if (serde.format === 'bytes') return serde.deserialize(bytes);
  if (!isUtf8(bytes)) throw new TypeError('not valid UTF-8');
  return serde.deserialize(bytes.toString('utf8'));
}
