// Entries outside of JavaScript's heap, one after the other: no object for each, which the garbage collector
// would have to follow.
//
//   word 0  hash of the key       word 3, 4  event time: its low 32 bits, its high ones
//   word 1  bytes of the key      word 5     of a log: the entry that the same key had before, or -1
//   word 2  bytes of the value    word 6     hash of the key's prefix, where keys are found by one
//                                 then the key and the value's bytes, up to a whole word
import type { Serialized } from '../api/serde.ts';
import type { Stored } from './committed-state.ts';
import type { KeyEncoding } from '../api/key-text.ts';
import type { KeyBytes } from './key-bytes.ts';

/** Bytes of an entry before its key. */
export const headerBytes = 28;
/** Stands for the size of the value of a deletion. */
export const deletion = -1;
/** Where there is no entry. */
export const nowhere = -1;

/** Reads entries by where they begin. */
export class Entries {
  protected words: Int32Array;
  protected bytes: Buffer;
  /** Where the next entry would begin. */
  end: number;

  /** Over bytes that begin and end with entries. They are copied where they do not lie as words must. */
  constructor(bytes: Uint8Array, end: number = bytes.length) {
    const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    this.words = new Int32Array(buffer, byteOffset, length >>> 2);
    this.bytes = Buffer.from(buffer, byteOffset, length);
    this.end = end;
  }

  /** The bytes from one entry to another; good until the next is appended. */
  slice(from: number, to: number): Buffer {
    return this.bytes.subarray(from, to);
  }

  /** What the accessors of bytes give positions in. */
  get source(): Buffer {
    return this.bytes;
  }

  hashAt(at: number): number {
    return this.words[at >>> 2] as number;
  }

  timestampAt(at: number): number {
    const word = at >>> 2;
    return (this.words[word + 4] as number) * 2 ** 32 + ((this.words[word + 3] as number) >>> 0);
  }

  /** See {@link ExpiringStateOptions.prefixLength}. */
  prefixHashAt(at: number): number {
    return this.words[(at >>> 2) + 6] as number;
  }

  isDeletion(at: number): boolean {
    return this.words[(at >>> 2) + 2] === deletion;
  }

  keyStart(at: number): number {
    return at + headerBytes;
  }

  keyEnd(at: number): number {
    return at + headerBytes + (this.words[(at >>> 2) + 1] as number);
  }

  valueEnd(at: number): number {
    return this.keyEnd(at) + Math.max(0, this.words[(at >>> 2) + 2] as number);
  }

  /** Where the entry after this one begins. */
  next(at: number): number {
    return (this.valueEnd(at) + 3) & ~3;
  }

  keyAt(at: number, encoding: KeyEncoding): string {
    return this.bytes.toString(encoding, this.keyStart(at), this.keyEnd(at));
  }

  hasKey(at: number, { bytes, length, hash }: KeyBytes): boolean {
    const word = at >>> 2;
    if (this.words[word] !== hash || this.words[word + 1] !== length) return false;
    const start = at + headerBytes;
    for (let i = 0; i < length; i++) if (this.bytes[start + i] !== bytes[i]) return false;
    return true;
  }

  keyBegins(at: number, start: Uint8Array): boolean {
    if ((this.words[(at >>> 2) + 1] as number) < start.length) return false;
    for (let i = 0; i < start.length; i++) if (this.bytes[at + headerBytes + i] !== start[i]) return false;
    return true;
  }

  /** What an entry stores; undefined for a deletion. Bytes are copied. */
  storedAt(at: number, format: 'text' | 'bytes'): Stored | undefined {
    if (this.isDeletion(at)) return undefined;
    const [start, end] = [this.keyEnd(at), this.valueEnd(at)];
    const data: Serialized =
      format === 'text'
        ? this.bytes.toString('utf8', start, end)
        : Buffer.from(this.bytes.subarray(start, end));
    return { data, timestamp: this.timestampAt(at) };
  }

  /** Every entry between two positions, from the oldest on. */
  each(take: (entries: Entries, at: number) => void, from = 0, to: number = this.end): void {
    for (let at = from; at < to; at = this.next(at)) take(this, at);
  }

  /** Every entry of a prefix, looked for one by one, from the oldest on. */
  eachOfPrefix(hash: number, take: (entries: Entries, at: number) => void, to: number = this.end): void {
    for (let at = 0; at < to; at = this.next(at)) if (this.prefixHashAt(at) === hash) take(this, at);
  }

  /** The newest entry of a key, looked for one by one. */
  scan(key: KeyBytes): number {
    let found = nowhere;
    for (let at = 0; at < this.end; at = this.next(at)) if (this.hasKey(at, key)) found = at;
    return found;
  }
}

/** Where an entry is. */
export interface Found {
  entries: Entries;
  at: number;
}

/** Entries that are not written any more. */
export interface Run {
  readonly count: number;
  /** Bytes of the entries. */
  readonly end: number;
  /** The newest entry of a key. */
  lookUp(key: KeyBytes): Found | undefined;
  /** Every entry; those of one key from the oldest on. */
  each(take: (entries: Entries, at: number) => void): void;
  /** Every entry whose prefix has this hash, at a cost that goes by how many these are. */
  findPrefix(hash: number, take: (entries: Entries, at: number) => void): void;
}
