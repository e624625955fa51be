// A log of entries that is only appended to, with an index of the newest entry of each key.
import type { Serialized } from '../api/serde.ts';
import { deletion, Entries, headerBytes, nowhere, type Found, type Run } from './entries.ts';
import type { KeyBytes } from './key-bytes.ts';
import { PrefixTable } from './prefix-index.ts';

const smallestBytes = 65_536;
const smallestTable = 1_024;
/** Positions are 32-bit integers. */
const maxBytes = 2 ** 30;

/**
 * See the top of this file. The index is a hash table with open addressing, at most half full, of positions
 * plus one.
 */
export class EntryLog extends Entries implements Run {
  #table: Int32Array = new Int32Array(smallestTable);
  #keys = 0;
  #count = 0;
  /** Made when a run is first asked for a prefix. */
  #prefixes: PrefixTable | undefined;

  constructor() {
    super(new Uint8Array(smallestBytes), 0);
  }

  /** How many entries there are. */
  get count(): number {
    return this.#count;
  }

  /** Appends an entry, a deletion where there is no data; returns where it begins. */
  append(key: KeyBytes, data: Serialized | undefined, timestamp: number, prefixHash = 0): number {
    const { bytes: ofKey, length } = key;
    // A character is three bytes of UTF-8 at most.
    const atMost = data === undefined ? 0 : typeof data === 'string' ? data.length * 3 : data.length;
    const at = this.end;
    this.#makeRoom(headerBytes + length + atMost + 4);
    const { words, bytes } = this;
    const word = at >>> 2;
    words[word] = key.hash;
    words[word + 1] = length;
    words[word + 3] = timestamp | 0;
    words[word + 4] = Math.floor(timestamp / 2 ** 32);
    words[word + 6] = prefixHash;
    let position = at + headerBytes;
    for (let i = 0; i < length; i++) bytes[position + i] = ofKey[i] as number;
    position += length;
    const size = data === undefined ? deletion : this.#write(data, position);
    words[word + 2] = size;
    this.end = (position + Math.max(0, size) + 3) & ~3;
    this.#index(at);
    return at;
  }

  /** Appends a copy of another's entry. */
  copy(from: Entries, at: number): void {
    const to = this.end;
    const size = from.next(at) - at;
    this.#makeRoom(size);
    from.source.copy(this.bytes, to, at, at + size);
    this.end = to + size;
    this.#index(to);
  }

  /** The newest entry of a key before a position. */
  find(key: KeyBytes, before: number = this.end): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = key.hash & mask; ; slot = (slot + 1) & mask) {
      let at = (table[slot] as number) - 1;
      if (at === nowhere) return nowhere;
      if (!this.hasKey(at, key)) continue;
      while (at >= before) at = this.words[(at >>> 2) + 5] as number;
      return at;
    }
  }

  lookUp(key: KeyBytes): Found | undefined {
    const at = this.find(key);
    return at === nowhere ? undefined : { entries: this, at };
  }

  /** Of a run: entries that are appended later are not found. */
  findPrefix(hash: number, take: (entries: Entries, at: number) => void): void {
    this.#prefixes ??= new PrefixTable(this, this.#count);
    this.#prefixes.find(hash, take);
  }

  /** Forgets everything from a position on. */
  truncate(end: number): void {
    if (end === this.end) return;
    this.#rebuild(this.#table.length, end);
  }

  /** Enters an entry into the index. */
  #index(at: number): void {
    if (this.#keys * 2 >= this.#table.length) {
      this.#rebuild(this.#table.length * 2, this.end);
      return;
    }
    this.#count++;
    const { words } = this;
    const table = this.#table;
    const mask = table.length - 1;
    const word = at >>> 2;
    let slot = (words[word] as number) & mask;
    for (; table[slot] !== 0; slot = (slot + 1) & mask) {
      const other = (table[slot] as number) - 1;
      if (!this.#sameKey(at, other)) continue;
      words[word + 5] = other;
      table[slot] = at + 1;
      return;
    }
    words[word + 5] = nowhere;
    table[slot] = at + 1;
    this.#keys++;
  }

  #rebuild(slots: number, end: number): void {
    this.#table = new Int32Array(slots);
    this.#keys = 0;
    this.#count = 0;
    this.end = end;
    for (let at = 0; at < end; at = this.next(at)) this.#index(at);
  }

  #sameKey(a: number, b: number): boolean {
    const { words, bytes } = this;
    const [first, second] = [a >>> 2, b >>> 2];
    const length = words[first + 1] as number;
    if (words[first] !== words[second] || length !== words[second + 1]) return false;
    for (let i = headerBytes; i < headerBytes + length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  #write(data: Serialized, position: number): number {
    const { bytes } = this;
    if (typeof data !== 'string') {
      bytes.set(data, position);
      return data.length;
    }
    const { length } = data;
    for (let i = 0; i < length; i++) {
      const code = data.charCodeAt(i);
      if (code > 0x7f) return bytes.write(data, position, 'utf8');
      bytes[position + i] = code;
    }
    return length;
  }

  #makeRoom(size: number): void {
    const needed = this.end + size;
    if (needed <= this.bytes.length) return;
    if (needed > maxBytes)
      throw new RangeError(`more than ${maxBytes} bytes wait for one commit: commit sooner`);
    const larger = Buffer.from(new ArrayBuffer(2 ** Math.ceil(Math.log2(needed))));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
    this.words = new Int32Array(larger.buffer, larger.byteOffset, larger.length >>> 2);
  }
}
