// Store keys as text: what maps and disk engines look up.
import { isUtf8 } from 'node:buffer';
import type { Serde, Serialized } from './serde.ts';

/** How the text of keys stands for bytes: that of text serdes as UTF-8, that of others a byte a character. */
export type KeyEncoding = 'utf8' | 'latin1';

/** Turns keys of one serde into text and back. Bytes become one character each. */
export interface KeyText<K> {
  encoding: KeyEncoding;
  write: (key: K) => string;
  read: (text: string) => K;
  /** The text of a changelog record's key; undefined for bytes that are no text. */
  ofBytes: (bytes: Buffer) => string | undefined;
  /** The changelog record's key of a text. */
  toChangelog: (text: string) => Serialized;
}

/** The text form of a serde's keys. */
export function keyText<K>(serde: Serde<K>): KeyText<K> {
  // The stores of a step are asked for one key after the other.
  let lastKey: K | undefined;
  let lastText = '';
  if (serde.format === 'text') {
    return {
      encoding: 'utf8',
      write(key) {
        if (typeof key === 'string' && key === lastKey) return lastText;
        // A lone surrogate has no UTF-8: the key is what a restart would read from the changelog.
        lastText = serde.serialize(key).toWellFormed();
        lastKey = key;
        return lastText;
      },
      read: (text) => serde.deserialize(text),
      ofBytes: (bytes) => (isUtf8(bytes) ? bytes.toString('utf8') : undefined),
      toChangelog: (text) => text,
    };
  }
  return {
    encoding: 'latin1',
    write(key) {
      if (typeof key === 'string' && key === lastKey) return lastText;
      lastText = Buffer.from(serde.serialize(key)).toString('latin1');
      lastKey = key;
      return lastText;
    },
    read: (text) => serde.deserialize(Buffer.from(text, 'latin1')),
    ofBytes: (bytes) => bytes.toString('latin1'),
    toChangelog: (text) => Buffer.from(text, 'latin1'),
  };
}

/** LMDB's limit for a key is 1,978 bytes; the segment's number takes some of it. */
export const maxKeyBytes = 1_900;

/** Bytes of a key's text. */
function bytesOf(text: string, encoding: KeyEncoding): number {
  if (encoding === 'latin1') return text.length;
  return text.length * 3 <= maxKeyBytes ? text.length : Buffer.byteLength(text);
}

/** Whether a store takes a key. Every store has the limit of the stores on disk, so that all decide alike. */
export function isKeyTooLong(text: string, encoding: KeyEncoding): boolean {
  return bytesOf(text, encoding) > maxKeyBytes;
}

/**
 * Refuses a key that a store on disk could not keep; in memory too, so that all stores decide alike.
 * @throws RangeError that names the key's beginning and its length.
 */
export function checkKey(text: string, encoding: KeyEncoding): void {
  if (!isKeyTooLong(text, encoding)) return;
  const start = JSON.stringify(text.slice(0, 40));
  throw new RangeError(
    `the key ${start}… has ${bytesOf(text, encoding)} bytes; a store takes keys of up to ${maxKeyBytes} bytes`,
  );
}

const cachedSuffixes = new Map<number, string>();

/**
 * The end of a windowed key's text: the window's start, so that a key's windows lie together in time order.
 */
export function windowSuffix(start: number): string {
  let suffix = cachedSuffixes.get(start);
  if (suffix === undefined) {
    if (cachedSuffixes.size > 10_000) cachedSuffixes.clear();
    suffix = `@${String(start).padStart(13, '0')}`;
    cachedSuffixes.set(start, suffix);
  }
  return suffix;
}

/**
 * No window of the next 250 years begins later:
 * the ends of windowed keys are in the order of time up to here.
 */
const lastOrdered = 10 ** 13;

/** Where the windows of a key that start between two times are; those of other keys may be there too. */
export function windowsOf(
  key: string,
  from: number,
  to: number,
): { prefix: string; from?: string; to?: string } {
  return {
    prefix: `${key}@`,
    ...(from > 0 && from < lastOrdered && { from: key + windowSuffix(from) }),
    ...(to >= 0 && to < lastOrdered && { to: key + windowSuffix(to) }),
  };
}

/** Takes a windowed key's text apart. */
export function splitWindowed(text: string): { key: string; start: number } {
  const at = text.lastIndexOf('@');
  return { key: text.slice(0, at), start: Number(text.slice(at + 1)) };
}
