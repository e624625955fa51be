// A run of an expiring store on disk: entries that never change, in blocks. The highest bits of the hash of
// its key are the number of an entry's block, so a look-up reads one block of each run.
import type { BloomFilter } from './bloom-filter.ts';
import { Entries, nowhere, type Found, type Run } from './entries.ts';
import { blockOf, blocksOfPrefix } from './prefix-index.ts';
import type { KeyBytes } from './key-bytes.ts';
import type { Database } from './lmdb.ts';

/** The database of a segment: heads, blocks and index blocks of its runs. See {@link keysOfRun}. */
export type Blocks = Database<Buffer, number>;

/** What is stored of a run besides its entries. */
export interface RunHead {
  /** Number of entries, and their bytes. */
  count: number;
  end: number;
  /** The run has 2 ** `bits` blocks. */
  bits: number;
  /** Whether the run has an index of prefixes. */
  prefixes: boolean;
  /** For a run merged from others: the numbers of the first and the last of these. */
  of?: readonly [first: number, last: number];
}

/**
 * Each run has this many keys in the database, from its number times this on:
 * ```
 *  + 0: head    + 1 … 2 ** 20: blocks    + 2 ** 20 + 1 …: index of prefixes
 * ```
 */
export const keysOfRun: number = 2 ** 21;
const firstOfIndex = 2 ** 20 + 1;
/** Entries in a block, on average at most. */
const blockEntries = 128;

/** A {@link Run} on disk. */
export class DiskRun implements Run {
  readonly count: number;
  readonly end: number;
  readonly number: number;
  readonly bits: number;
  readonly prefixes: boolean;
  /** Whether it was merged from other runs. */
  readonly merged: boolean;
  /** Orders runs by the age of their entries: the number of the run, or of the last one merged into it. */
  readonly order: number;
  /** Of all its keys. Only runs that were not merged have one: they are few and small. */
  filter: BloomFilter | undefined;
  readonly #blocks: Blocks;

  constructor(blocks: Blocks, number: number, { count, end, bits, prefixes, of }: RunHead) {
    this.count = count;
    this.end = end;
    this.number = number;
    this.bits = bits;
    this.prefixes = prefixes;
    this.merged = of !== undefined;
    this.order = of === undefined ? number : of[1];
    this.#blocks = blocks;
  }

  /** How many blocks it has. Empty ones are not stored. */
  get blocks(): number {
    return 2 ** this.bits;
  }

  lookUp(key: KeyBytes): Found | undefined {
    if (this.filter?.mayHave(key.hash) === false) return undefined;
    const entries = this.block(blockOf(key.hash, this.bits));
    const at = entries?.scan(key) ?? nowhere;
    return entries && at !== nowhere ? { entries, at } : undefined;
  }

  each(take: (entries: Entries, at: number) => void): void {
    for (let index = 0; index < this.blocks; index++) this.block(index)?.each(take);
  }

  findPrefix(hash: number, take: (entries: Entries, at: number) => void): void {
    if (!this.prefixes) {
      for (let index = 0; index < this.blocks; index++) this.block(index)?.eachOfPrefix(hash, take);
      return;
    }
    const index = this.#blocks.get(indexKey(this.number, blockOf(hash, this.bits)));
    for (const block of index ? blocksOfPrefix(index, hash) : []) this.block(block)?.eachOfPrefix(hash, take);
  }

  /** One block's entries; undefined for an empty one. */
  block(index: number): Entries | undefined {
    const bytes = this.#blocks.get(blockKey(this.number, index));
    return bytes && new Entries(bytes);
  }
}

/** The key of a run's head. */
export function headKey(run: number): number {
  return run * keysOfRun;
}

/** The key of one of a run's blocks. */
export function blockKey(run: number, index: number): number {
  return headKey(run) + 1 + index;
}

/** The key of one of the blocks of a run's index of prefixes. */
export function indexKey(run: number, index: number): number {
  return headKey(run) + firstOfIndex + index;
}

/** The `bits` of a run of `count` entries: it has 2 ** `bits` blocks. */
export function bitsOf(count: number): number {
  return Math.max(0, Math.ceil(Math.log2(count / blockEntries)));
}

/**
 * Sorts entries into the `count` blocks from block `first` on, by the highest bits of their hashes. All
 * entries must belong to these. Within a block they keep their order, so the last entry of a key is the
 * newest.
 */
export function sortIntoBlocks(
  entries: readonly Entries[],
  bits: number,
  first = 0,
  count: number = 2 ** bits,
): Buffer[] {
  const sizes = new Int32Array(count);
  for (const some of entries) {
    some.each((from, at) => {
      const block = blockOf(from.hashAt(at), bits) - first;
      sizes[block] = (sizes[block] as number) + from.next(at) - at;
    });
  }
  const blocks = Array.from(sizes, (size) => Buffer.allocUnsafeSlow(size));
  const filled = new Int32Array(count);
  for (const some of entries) {
    some.each((from, at) => {
      const block = blockOf(from.hashAt(at), bits) - first;
      const to = filled[block] as number;
      filled[block] = to + from.source.copy(blocks[block] as Buffer, to, at, from.next(at));
    });
  }
  return blocks;
}
