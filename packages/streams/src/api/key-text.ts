// Store keys as text: what maps and disk engines look up.
import { deserialize, type Serde, type Serialized } from './serde.ts';

/** Turns keys of one serde into text and back. Bytes become one character each. */
export interface KeyText<K> {
  write: (key: K) => string;
  read: (text: string) => K;
  /** The text of a changelog record's key. */
  ofBytes: (bytes: Buffer) => string;
  /** The changelog record's key of a text. */
  toChangelog: (text: string) => Serialized;
}

/** The text form of a serde's keys. */
export function keyText<K>(serde: Serde<K>): KeyText<K> {
  if (serde.format === 'text') {
    return {
      write: (key) => serde.serialize(key),
      read: (text) => serde.deserialize(text),
      ofBytes: (bytes) => deserialize({ format: 'text', deserialize: (text) => text }, bytes),
      toChangelog: (text) => text,
    };
  }
  return {
    write: (key) => Buffer.from(serde.serialize(key)).toString('latin1'),
    read: (text) => serde.deserialize(Buffer.from(text, 'latin1')),
    ofBytes: (bytes) => bytes.toString('latin1'),
    toChangelog: (text) => Buffer.from(text, 'latin1'),
  };
}

/** LMDB's limit for a key is 1,978 bytes; the segment's number takes some of it. */
const maxKeyBytes = 1_900;

/**
 * Refuses a key that a store on disk could not keep; in memory too, so that all stores decide alike.
 * @throws RangeError that tells how long it is.
 */
export function checkKey(text: string): void {
  if (text.length * 3 <= maxKeyBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxKeyBytes) return;
  const start = JSON.stringify(text.slice(0, 40));
  throw new RangeError(
    `the key ${start}… has ${bytes} bytes; a store takes keys of up to ${maxKeyBytes} bytes`,
  );
}

const cachedSuffixes = new Map<number, string>();

/** The end of a windowed key's text: the window's start, so that a key's windows lie together in time order. */
export function windowSuffix(start: number): string {
  let suffix = cachedSuffixes.get(start);
  if (suffix === undefined) {
    if (cachedSuffixes.size > 10_000) cachedSuffixes.clear();
    suffix = `@${String(start).padStart(13, '0')}`;
    cachedSuffixes.set(start, suffix);
  }
  return suffix;
}

/** Takes a windowed key's text apart. */
export function splitWindowed(text: string): { key: string; start: number } {
  const at = text.lastIndexOf('@');
  return { key: text.slice(0, at), start: Number(text.slice(at + 1)) };
}
