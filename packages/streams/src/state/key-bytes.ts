// A key's bytes, and their hash: what stores outside of JavaScript's heap look up.
import { murmur2 } from '@activity/kafka';

/** How the text of keys stands for bytes: that of text serdes as UTF-8, that of others a byte a character. */
export type KeyEncoding = 'utf8' | 'latin1';

/** A key's bytes: the first `length` of `bytes`, and the hash of these. */
export interface KeyBytes {
  bytes: Uint8Array;
  length: number;
  hash: number;
}

const room = 4096;
const current: KeyBytes = { bytes: new Uint8Array(room), length: 0, hash: 0 };

/** The bytes of a key's text and their hash. The answer is one object, filled anew by the next call: for keys that are looked up and let go. */
export function keyBytes(text: string, encoding: KeyEncoding): KeyBytes {
  const { length } = text;
  const { bytes } = current;
  let at = 0;
  if (length <= room) {
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) break;
      bytes[at] = code;
    }
  }
  if (at === length) {
    current.length = length;
    current.hash = murmur2(bytes, length);
    return current;
  }
  const encoded = Buffer.from(text, encoding);
  if (encoded.length > room) return { bytes: encoded, length: encoded.length, hash: murmur2(encoded) };
  bytes.set(encoded);
  current.length = encoded.length;
  current.hash = murmur2(bytes, encoded.length);
  return current;
}
