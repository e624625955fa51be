// Indexes of runs by the prefix of keys, so that what is deleted by prefix costs by what there is of it.
import type { Entries } from './entries.ts';

type Take = (entries: Entries, at: number) => void;

/**
 * The entries of a run in memory by the hash of their prefix:
 * a hash table of chains, in the order of the entries.
 */
export class PrefixTable {
  readonly #entries: Entries;
  readonly #positions: Int32Array;
  /** The first entry of each chain, and the one after each entry, by number plus one. */
  readonly #heads: Int32Array;
  readonly #next: Int32Array;

  constructor(entries: Entries, count: number) {
    this.#entries = entries;
    this.#positions = new Int32Array(count);
    this.#next = new Int32Array(count);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, count))));
    let number = 0;
    entries.each((_, at) => (this.#positions[number++] = at));
    const mask = this.#heads.length - 1;
    // From the newest on, so that a chain begins with the oldest.
    while (number-- > 0) {
      const slot = entries.prefixHashAt(this.#positions[number] as number) & mask;
      this.#next[number] = this.#heads[slot] as number;
      this.#heads[slot] = number + 1;
    }
  }

  find(hash: number, take: Take): void {
    let number = this.#heads[hash & (this.#heads.length - 1)] as number;
    for (; number > 0; number = this.#next[number - 1] as number) {
      const at = this.#positions[number - 1] as number;
      if (this.#entries.prefixHashAt(at) === hash) take(this.#entries, at);
    }
  }
}

/** Which of 2 ** `bits` blocks a hash belongs to. */
export function blockOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits);
}

/**
 * Makes the index of a run on disk: pairs of a prefix's hash and a block that has entries of it, in as many
 * index blocks as the run has blocks, by the highest bits of the hash.
 */
export class PrefixIndexWriter {
  #pairs: Int32Array = new Int32Array(1024);
  #end = 0;
  readonly #seen = new Set<number>();

  /** Adds what is in a block. */
  add(block: number, entries: Entries): void {
    this.#seen.clear();
    entries.each((from, at) => this.#seen.add(from.prefixHashAt(at)));
    for (const hash of this.#seen) {
      if (this.#end === this.#pairs.length) {
        const larger = new Int32Array(this.#end * 2);
        larger.set(this.#pairs);
        this.#pairs = larger;
      }
      this.#pairs[this.#end++] = hash;
      this.#pairs[this.#end++] = block;
    }
  }

  /** The index blocks of a run with 2 to the power of `bits` blocks. */
  blocks(bits: number): Buffer[] {
    const pairs = this.#pairs;
    const sizes = new Int32Array(2 ** bits);
    for (let i = 0; i < this.#end; i += 2) {
      const index = blockOf(pairs[i] as number, bits);
      sizes[index] = (sizes[index] as number) + pairBytes;
    }
    const made = Array.from(sizes, (size) => Buffer.allocUnsafeSlow(size));
    const filled = new Int32Array(made.length);
    for (let i = 0; i < this.#end; i += 2) {
      const index = blockOf(pairs[i] as number, bits);
      const to = made[index] as Buffer;
      const at = to.writeInt32LE(pairs[i] as number, filled[index]);
      filled[index] = to.writeInt32LE(pairs[i + 1] as number, at);
    }
    return made;
  }
}

const pairBytes = 8;

/** The blocks that have entries of a prefix, of an index block. */
export function* blocksOfPrefix(index: Buffer, hash: number): Generator<number> {
  for (let at = 0; at < index.length; at += pairBytes)
    if (index.readInt32LE(at) === hash) yield index.readInt32LE(at + 4);
}
