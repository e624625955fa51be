// Keys of key-value and window stores on disk, as bytes:
// LMDB orders them as they are, so that none needs escaping.
import type { KeyEncoding } from '../api/key-text.ts';
import { murmur2 } from '@activity/kafka/core';
import type { KeyBytes } from './key-bytes.ts';

/** Begins the keys of a database that has one segment alone: LMDB takes no empty key. */
const soleSegment = 0x3d;
const segmentBytes = 8;

/**
 * Keys of one store: `=` and the key where a database has one segment alone, else eight bytes of segment and
 * the key.
 */
export class DiskKeys {
  readonly #prefixLength: number;
  readonly #encoding: KeyEncoding;
  readonly #scratch: Buffer = Buffer.alloc(4096);

  constructor(alone: boolean, encoding: KeyEncoding) {
    this.#prefixLength = alone ? 1 : segmentBytes;
    this.#encoding = encoding;
  }

  /** A key that is looked up or written at once: the next call overwrites it. */
  write(segment: number, { bytes, length }: KeyBytes): Buffer {
    const scratch = this.#scratch;
    this.#writeSegment(scratch, segment);
    const start = this.#prefixLength;
    for (let i = 0; i < length; i++) scratch[start + i] = bytes[i] as number;
    return scratch.subarray(0, start + length);
  }

  /** A key to begin or end a range at. */
  bound(segment: number, text: string): Buffer {
    const key = Buffer.alloc(this.#prefixLength + Buffer.byteLength(text, this.#encoding));
    this.#writeSegment(key, segment);
    key.write(text, this.#prefixLength, this.#encoding);
    return key;
  }

  /** The store's own key. */
  textOf(key: Buffer): string {
    return Buffer.from(key.buffer, key.byteOffset, key.length).toString(this.#encoding, this.#prefixLength);
  }

  /** The hash of the store's own key. */
  hashOf(key: Buffer): number {
    return murmur2(key.subarray(this.#prefixLength));
  }

  /** The segment of a key in a database of many. */
  segmentOf(key: Buffer): number {
    return (key.readUInt32BE(0) ^ 0x80000000) * 2 ** 32 + key.readUInt32BE(4);
  }

  #writeSegment(key: Buffer, segment: number): void {
    if (this.#prefixLength === 1) {
      key[0] = soleSegment;
      return;
    }
    // Segments before 1970 are ordered before the others.
    key.writeUInt32BE((Math.floor(segment / 2 ** 32) ^ 0x80000000) >>> 0, 0);
    key.writeUInt32BE(segment >>> 0, 4);
  }
}
