// A key's bytes, and their hash: what stores outside of JavaScript's heap look up.
import { murmur2 } from '@activity/kafka/core';
import type { KeyEncoding } from '../api/key-text.ts';

/** A key's bytes: the first `length` of `bytes`, and the hash of these. */
export interface KeyBytes {
  bytes: Uint8Array;
  length: number;
  hash: number;
}

const room = 4096;
const current: KeyBytes = { bytes: new Uint8Array(room), length: 0, hash: 0 };
/** What `current` has the bytes of: a store is asked for a key, and then given it. */
let currentText = '';
let currentEncoding: KeyEncoding | undefined;

/** The bytes of a key's text and their hash, in one object that the next call fills again: use it at once. */
export function keyBytes(text: string, encoding: KeyEncoding): KeyBytes {
  if (text === currentText && encoding === currentEncoding) return current;
  const { length } = text;
  const { bytes } = current;
  currentEncoding = undefined;
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
    currentText = text;
    currentEncoding = encoding;
    return current;
  }
  const encoded = Buffer.from(text, encoding);
  if (encoded.length > room) return { bytes: encoded, length: encoded.length, hash: murmur2(encoded) };
  bytes.set(encoded);
  current.length = encoded.length;
  current.hash = murmur2(bytes, encoded.length);
  return current;
}

/** The hash of the bytes of the first `characters` characters of a key. */
export function prefixHash(text: string, key: KeyBytes, characters: number, encoding: KeyEncoding): number {
  const isAscii = encoding === 'latin1' || key.length === text.length;
  const length = isAscii ? characters : Buffer.byteLength(text.slice(0, characters));
  return murmur2(key.bytes, Math.min(length, key.length));
}
