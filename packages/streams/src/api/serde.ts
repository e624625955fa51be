// Serdes: how keys and values become bytes. Text serdes avoid a buffer for every record.
export { deserialize } from '@activity/kafka/core';
export type { Serialized } from '@activity/kafka/core';
import type { Serialized } from '@activity/kafka/core';

/** What serdes of both kinds may have. */
export interface NamedSerde<T> {
  /**
   * A name for what is written, another one for each way of writing. Instances of an application whose
   * serdes of a store have different names do not share tasks. Without a name nothing but `format` is
   * compared.
   */
  readonly name?: string;
  /**
   * What `to()` chooses the partition of a record by, where the value is its key: all of the key's bytes,
   * unless given.
   */
  partitionKey?(value: T): Serialized;
}

/**
 * Turns values into text and back; the runtime does the UTF-8.
 * Text is the faster kind where values are text anyway.
 */
export interface TextSerde<T> extends NamedSerde<T> {
  readonly format: 'text';
  /** The text of a value. */
  serialize(value: T): string;
  /** The value of a text. @throws where there is none. */
  deserialize(text: string): T;
  /**
   * About how many characters the text of a value has. For a `serialize` that never throws and never writes
   * more than a topic takes: a store then serializes only the last value that a key has when the commit
   * begins, so values must not be changed once they are stored.
   */
  readonly textLength?: number;
}

/** Turns values into bytes and back. */
export interface BytesSerde<T> extends NamedSerde<T> {
  readonly format: 'bytes';
  /** The bytes of a value. */
  serialize(value: T): Uint8Array;
  /** The value of bytes. @throws where there is none. */
  deserialize(bytes: Buffer): T;
}

/**
 * How a key or value is written. `deserialize` throws on what it cannot read: the record is then a failure of
 * the stage `deserialization`, and one of `production` where `serialize` throws. Neither is asked about
 * `undefined`, which is Kafka's null.
 * @example
 * const dateSerde: Serde<Date> = {
 *   format: 'text',
 *   serialize: (date) => date.toISOString(),
 *   deserialize: (text) => new Date(text),
 * };
 */
export type Serde<T> = TextSerde<T> | BytesSerde<T>;

/** Strings, as UTF-8. */
export const stringSerde: Serde<string> = {
  format: 'text',
  name: 'string',
  serialize: (value) => value,
  deserialize: (text) => text,
};

/** Whole and fractional numbers, as decimal text; writing and reading what is no number throws. */
export const numberSerde: Serde<number> = {
  format: 'text',
  name: 'number',
  serialize(value) {
    if (typeof value !== 'number' || Number.isNaN(value)) throw new TypeError(`not a number: ${value}`);
    return String(value);
  },
  deserialize(text) {
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw new TypeError(`not a number: ${text.slice(0, 40)}`);
    return value;
  },
};

/**
 * Bytes, untouched. Those of an input record are a part of the whole fetched buffer, which keeping them keeps
 * in memory.
 */
export const bytesSerde: Serde<Buffer> = {
  format: 'bytes',
  name: 'bytes',
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
    name: 'json',
    serialize: (value) => JSON.stringify(value),
    deserialize: check ? (text) => check(JSON.parse(text)) : (text) => JSON.parse(text) as T,
  };
}

/**
 * A JSON object together with the text it was read from,
 * so that fields can be added without writing it all again.
 */
export interface JsonObject<T extends object> {
  readonly text: string;
  readonly value: T;
}

/**
 * JSON objects with their text; written as that text. Of a key that the text has twice, `value` has the last
 * one, as `JSON.parse` does; the text is not looked through for it and keeps both, so a reader that takes the
 * first one sees another object. Where that matters, write `value` with `jsonSerde`.
 * @throws TypeError for JSON that is not an object.
 */
export function jsonObjectSerde<T extends object>(check?: (value: unknown) => T): Serde<JsonObject<T>> {
  return {
    format: 'text',
    name: 'json',
    serialize: ({ text }) => text,
    deserialize(text) {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
        throw new TypeError('not a JSON object');
      return { text, value: check ? check(parsed) : (parsed as T) };
    },
  };
}

/** An object with more fields, which are put together when somebody looks: mostly only the text is wanted. */
class Extended<T extends object, F extends object> implements JsonObject<T & F> {
  readonly text: string;
  readonly #value: T;
  readonly #fields: F;
  #merged: (T & F) | undefined;

  constructor(text: string, value: T, fields: F) {
    this.text = text;
    this.#value = value;
    this.#fields = fields;
  }

  get value(): T & F {
    if (this.#merged) return this.#merged;
    // As JSON has it: a field without a value is none.
    const given = Object.entries(this.#fields).filter(([, value]) => value !== undefined);
    return (this.#merged = { ...this.#value, ...(Object.fromEntries(given) as F) });
  }
}

/**
 * A JSON object with more fields, whose text is the old one with the new fields at its end. The fields must
 * be new: one that is there already would stand in the text twice.
 */
export function addFields<T extends object, F extends object>(
  { text, value }: JsonObject<T>,
  fields: F,
): JsonObject<T & F> {
  const added = JSON.stringify(fields);
  const body = text.trimEnd().slice(0, -1);
  const comma = added === '{}' || body.trimEnd().endsWith('{') ? '' : ',';
  return new Extended(`${body}${comma}${added.slice(1)}`, value, fields);
}

/**
 * What a serde writes for a value, to be kept. Text becomes what its UTF-8 stands for: a lone surrogate has
 * none.
 * @throws TypeError where the serde returns neither text nor bytes, as `JSON.stringify` of a function does.
 */
export function serialize<T>(serde: Serde<T>, value: T): Serialized {
  const data = serializeForTopic(serde, value);
  return typeof data === 'string' ? data.toWellFormed() : data;
}

/** Like {@link serialize}, for a record that is written at once: its UTF-8 is the same. */
export function serializeForTopic<T>(serde: Serde<T>, value: T): Serialized {
  const data: unknown = serde.serialize(value);
  if (serde.format === 'text') {
    if (typeof data === 'string') return data;
  } else if (data instanceof Uint8Array) return data;
  throw new TypeError(`the serde returned ${data === null ? 'null' : typeof data}, not ${serde.format}`);
}
