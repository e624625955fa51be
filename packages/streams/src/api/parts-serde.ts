// Values that are made of parts, each written by a serde of its own.
import type { Serde, Serialized } from './serde.ts';

/** A part as it is written; null where there is none. */
export type Part = Serialized | null;

/** Writes a value with its serde, as one part of another; `undefined` is no part. */
export function writePart<T>(serde: Serde<T>, value: T | undefined): Part {
  return value === undefined ? null : serde.serialize(value);
}

/** Reads a part with its serde. */
export function readPart<T>(serde: Serde<T>, part: Part | undefined): T | undefined {
  if (part === null || part === undefined) return undefined;
  if (serde.format === 'text') return serde.deserialize(textOf(part));
  return serde.deserialize(Buffer.from(part as Uint8Array));
}

/** The text of a part that was written as text. */
export function textOf(part: Part | undefined): string {
  return typeof part === 'string' ? part : Buffer.from(part ?? []).toString('utf8');
}

/**
 * Values of parts: as a JSON list where all of these serdes are of text, or as runs of bytes with lengths.
 */
export function partsSerde<T>(
  inner: readonly Serde<unknown>[],
  write: (value: T) => readonly Part[],
  read: (parts: readonly Part[]) => T,
): Serde<T> {
  if (inner.every(({ format }) => format === 'text')) {
    return {
      format: 'text',
      serialize: (value) => JSON.stringify(write(value)),
      deserialize: (text) => read(JSON.parse(text) as Part[]),
    };
  }
  return {
    format: 'bytes',
    serialize: (value) => Buffer.concat(write(value).map(framed)),
    deserialize(bytes) {
      const parts: Part[] = [];
      for (let at = 0; at < bytes.length;) {
        const length = bytes.readInt32BE(at);
        at += 4;
        parts.push(length < 0 ? null : bytes.subarray(at, at + length));
        at += Math.max(0, length);
      }
      return read(parts);
    },
  };
}

function framed(part: Part): Buffer {
  const bytes = part === null ? Buffer.alloc(0) : Buffer.from(part as string);
  const length = Buffer.alloc(4);
  length.writeInt32BE(part === null ? -1 : bytes.length);
  return Buffer.concat([length, bytes]);
}
