// A run of an expiring store on disk: entries that are not written any more, in blocks by the highest bits of
// their keys' hashes.
import type { Database } from 'lmdb';
import type { BloomFilter } from './bloom-filter.ts';
import { Entries, nowhere, type Found, type Run } from './entries.ts';
import { blockOf, blocksOfPrefix } from './prefix-index.ts';
import type { KeyBytes } from './key-bytes.ts';

/** Blocks, and heads of runs, by number. */
export type Blocks = Database<Buffer, number>;

/** How a run is written down before its blocks. */
export interface RunHead {
  count: number;
  end: number;
  /** It has 2 to the power of this blocks. */
  bits: number;
  /** It has an index of prefixes. */
  prefixes: boolean;
  /** The first and the last run that it was made of, where it was made of others. */
  of?: readonly [first: number, last: number];
}

/** A run's head has the key of its number times this, its blocks those after it. */
export const keysOfRun: number = 2 ** 21;
/** The index of prefixes has the keys from here on, behind a run's head. */
const firstOfIndex = 2 ** 20 + 1;
/** The number of entries in a block, on average. */
const blockEntries = 128;

/** A {@link Run} on disk. */
export class DiskRun implements Run {
  readonly count: number;
  readonly end: number;
  readonly number: number;
  readonly bits: number;
  readonly prefixes: boolean;
  /** Whether it was made of others. */
  readonly merged: boolean;
  /** What is younger has a higher number here. */
  readonly age: number;
  /** Of all its keys; there are few runs that were not merged, so that each may have one. */
  filter: BloomFilter | undefined;
  readonly #blocks: Blocks;

  constructor(blocks: Blocks, number: number, { count, end, bits, prefixes, of }: RunHead) {
    this.count = count;
    this.end = end;
    this.number = number;
    this.bits = bits;
    this.prefixes = prefixes;
    this.merged = of !== undefined;
    this.age = of === undefined ? number : of[1];
    this.#blocks = blocks;
  }

  /** How many blocks it has; some may be empty. */
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

/** How many blocks a run of `count` entries has, as a power of 2. */
export function bitsOf(count: number): number {
  return Math.max(0, Math.ceil(Math.log2(count / blockEntries)));
}

/**
 * Sorts entries into `count` blocks, from block `first` on, by the highest bits of their hashes. The order
 * within a block stays.
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
