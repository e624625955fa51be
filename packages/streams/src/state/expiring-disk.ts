// What an expiring store has on disk, in the LMDB environment of its task: pieces of its log as they were flushed, and runs.
//
//   <store>/log        a piece a flush: read at the start alone, deleted once the runs have its entries
//   <store>/<segment>  runs: blocks of entries by the highest bits of their keys' hashes; dropped whole
//
// So that a flush writes few large values instead of a value for each key, in no order that a tree could take well.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, RootDatabase } from 'lmdb';
import { BloomFilter } from './bloom-filter.ts';
import { databaseName, pagesOf, segmentOfDatabase, unwritable } from './disk-state.ts';
import { Entries, nowhere, type Found, type Run } from './entries.ts';
import type { EntryLog } from './entry-log.ts';
import type { KeyBytes } from './key-bytes.ts';

type Blocks = Database<Buffer, number>;

/** How a run is written down before its blocks. */
interface RunHead {
  count: number;
  end: number;
  /** It has 2 to the power of this blocks. */
  bits: number;
  /** The first and the last run that it was made of, where it was made of others. */
  of?: readonly [first: number, last: number];
}

/** A run's head has the key of its number times this, its blocks those after it. */
const keysOfRun = 2 ** 21;
/** About so many entries are in a block. */
const blockEntries = 128;
/** So many runs, one after the other, are made one: a look-up asks run by run. */
const mergedRuns = 16;
/** Blocks that are read in one turn of the event loop while others work. */
export const blocksInOneTurn = 256;

/** A {@link Run} on disk. */
export class DiskRun implements Run {
  readonly count: number;
  readonly end: number;
  readonly number: number;
  readonly bits: number;
  /** Whether it was made of others. */
  readonly merged: boolean;
  /** Of all its keys; there are few runs that were not merged, so that each may have one. */
  filter: BloomFilter | undefined;
  readonly #blocks: Blocks;

  constructor(blocks: Blocks, number: number, { count, end, bits, of }: RunHead) {
    this.count = count;
    this.end = end;
    this.number = number;
    this.bits = bits;
    this.merged = of !== undefined;
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

  /** One block's entries; undefined for an empty one. */
  block(index: number): Entries | undefined {
    const bytes = this.#blocks.get(this.number * keysOfRun + 1 + index);
    return bytes && new Entries(bytes);
  }
}

function blockOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits);
}

/** What the disk part of an expiring store is made of. */
export interface ExpiringDiskOptions {
  env: RootDatabase<unknown, string>;
  meta: Database<number, string>;
  store: string;
  taskId: string;
  onClose: () => Promise<void>;
}

/** What one flush writes. */
export interface ExpiringFlush {
  runs: readonly { segment: number; run: EntryLog }[];
  /** What the log got since the last flush. */
  piece: Buffer;
  /** The changelog position of all of it. */
  position: number;
}

/** See the top of this file. */
export class ExpiringDisk {
  /** The runs that were there at the start, by segment, oldest first. */
  readonly runs: Map<number, DiskRun[]> = new Map();
  readonly #options: ExpiringDiskOptions;
  readonly #segments = new Map<number, Blocks>();
  readonly #log: Blocks;
  #nextRun = 1;
  #firstPiece = 1;
  #nextPiece = 1;
  /** Pieces before this one have become runs. */
  #piecesFrom = 1;
  /** Runs that others were made of, to be removed. */
  #merged: { segment: number; run: DiskRun }[] = [];

  constructor(options: ExpiringDiskOptions) {
    this.#options = options;
    const { env, store } = options;
    this.#log = env.openDB({ name: databaseName(store, 'log'), encoding: 'binary', cache: false });
    for (const name of env.getKeys()) {
      const segment = segmentOfDatabase(store, name);
      if (segment !== undefined) this.#readRuns(segment);
    }
    for (const number of this.#log.getKeys()) {
      this.#firstPiece = this.#piecesFrom = Math.min(
        this.#nextPiece === 1 ? number : this.#firstPiece,
        number,
      );
      this.#nextPiece = number + 1;
    }
  }

  /** The changelog position of what is on disk. */
  get position(): number {
    return this.#options.meta.get(this.#options.store) ?? 0;
  }

  /** The pieces of the log that have not become runs. */
  *pieces(): Generator<Entries> {
    for (const { value } of this.#log.getRange()) yield new Entries(value);
  }

  /** All pieces that were written have become runs: the next flush deletes them. */
  forgetPieces(): void {
    this.#piecesFrom = this.#nextPiece;
  }

  /** Writes all of it or nothing; answers the runs. @throws FatalError with STATE_UNWRITABLE where the disk takes no more. */
  async write({ runs, piece, position }: ExpiringFlush): Promise<DiskRun[]> {
    const [stale, kept] = [this.#firstPiece, this.#piecesFrom];
    const prepared = runs.map(({ segment, run }) => {
      const bits = bitsOf(run.count);
      const head = { count: run.count, end: run.end, bits };
      const write = this.#prepare(segment, sortIntoBlocks([run], bits), head);
      const filter = (write.run.filter = new BloomFilter());
      run.each((entries, at) => filter.add(entries.hashAt(at)));
      return write;
    });
    await this.#batch(() => {
      for (let number = stale; number < kept; number++) void this.#log.remove(number);
      if (piece.length > 0) void this.#log.put(this.#nextPiece++, piece);
      for (const write of prepared) write.put();
      void this.#options.meta.put(this.#options.store, position);
    });
    this.#firstPiece = kept;
    return prepared.map(({ run }) => run);
  }

  /**
   * Makes one of a segment's newest runs where there are many, beside the work; answers the runs as they are then. Those that it was
   * made of stay until the next call: somebody may be about to look into them.
   */
  async merge(segment: number, runs: readonly DiskRun[]): Promise<DiskRun[] | undefined> {
    await this.#removeMerged();
    const old = runs.slice(runs.findLastIndex(({ merged }) => merged) + 1);
    const [first, last] = [old.at(0), old.at(-1)];
    if (old.length < mergedRuns || !first || !last) return undefined;
    const blocks = this.#blocks(segment);
    const sum = (of: (run: DiskRun) => number): number => old.reduce((total, run) => total + of(run), 0);
    const bits = bitsOf(sum(({ count }) => count));
    // The highest bits of a hash that all agree in: what has them is in one block of each, or in neighbouring ones.
    const common = Math.min(bits, ...old.map((run) => run.bits));
    const values: Buffer[] = [];
    const width = 2 ** (bits - common);
    for (let group = 0, read = 0; group < 2 ** common; group++) {
      const entries: Entries[] = [];
      for (const run of old) {
        const span = 2 ** (run.bits - common);
        for (let index = group * span; index < (group + 1) * span; index++) {
          if (++read % blocksInOneTurn === 0) await nextTurn();
          // Expired meanwhile.
          if (this.#segments.get(segment) !== blocks) return undefined;
          const block = run.block(index);
          if (block) entries.push(block);
        }
      }
      values.push(...sortIntoBlocks(entries, bits, group * width, width));
    }
    const head = { count: sum(({ count }) => count), end: sum(({ end }) => end), bits };
    const write = this.#prepare(segment, values, { ...head, of: [first.number, last.number] });
    await this.#batch(() => write.put());
    this.#merged.push(...old.map((run) => ({ segment, run })));
    return [...runs.slice(0, runs.length - old.length), write.run];
  }

  /** Drops a segment's runs. */
  drop(segment: number): void {
    void this.#segments.get(segment)?.drop();
    this.#segments.delete(segment);
  }

  bytes(): number {
    return [this.#log, ...this.#segments.values()].reduce((sum, db) => sum + pagesOf(db), 0);
  }

  async clear(): Promise<void> {
    for (const segment of this.#segments.keys()) this.drop(segment);
    await this.#log.clearAsync();
    await this.#options.meta.remove(this.#options.store);
  }

  close(): Promise<void> {
    return this.#options.onClose();
  }

  #blocks(segment: number): Blocks {
    let blocks = this.#segments.get(segment);
    if (!blocks) {
      const name = databaseName(this.#options.store, segment);
      blocks = this.#options.env.openDB<Buffer, number>({ name, encoding: 'binary', cache: false });
      this.#segments.set(segment, blocks);
    }
    return blocks;
  }

  #readRuns(segment: number): void {
    const blocks = this.#blocks(segment);
    let runs: DiskRun[] = [];
    for (let start = 0; ;) {
      const [head] = [...blocks.getRange({ start, limit: 1 })];
      if (!head) break;
      const number = Math.floor(head.key / keysOfRun);
      const read = JSON.parse(head.value.toString()) as RunHead;
      const [first, last] = read.of ?? [number, 0];
      // It was made of these, which were to be removed when the process ended.
      this.#merged.push(...runs.filter((run) => isOf(run, first, last)).map((run) => ({ segment, run })));
      runs = runs.filter((run) => !isOf(run, first, last));
      runs.push(new DiskRun(blocks, number, read));
      this.#nextRun = Math.max(this.#nextRun, number + 1);
      start = (number + 1) * keysOfRun;
    }
    if (runs.length > 0) this.runs.set(segment, runs);
  }

  async #removeMerged(): Promise<void> {
    const merged = this.#merged;
    this.#merged = [];
    if (merged.length === 0) return;
    await this.#batch(() => {
      for (const { segment, run } of merged) {
        const first = run.number * keysOfRun;
        for (let key = first; key <= first + run.blocks; key++) void this.#segments.get(segment)?.remove(key);
      }
    });
  }

  #prepare(segment: number, values: readonly Buffer[], head: RunHead): { run: DiskRun; put: () => void } {
    const blocks = this.#blocks(segment);
    const number = this.#nextRun++;
    const first = number * keysOfRun;
    const put = (): void => {
      void blocks.put(first, Buffer.from(JSON.stringify(head)));
      for (const [index, value] of values.entries())
        if (value.length > 0) void blocks.put(first + 1 + index, value);
    };
    return { run: new DiskRun(blocks, number, head), put };
  }

  async #batch(write: () => void): Promise<void> {
    const { env, store, taskId } = this.#options;
    try {
      await env.batch(write);
    } catch (cause) {
      throw unwritable(store, taskId, cause);
    }
  }
}

function isOf({ number }: DiskRun, first: number, last: number): boolean {
  return number >= first && number <= last;
}

/** How many blocks a run of so many entries has, as a power of 2. */
function bitsOf(count: number): number {
  return Math.max(0, Math.ceil(Math.log2(count / blockEntries)));
}

/** Sorts entries into so many blocks, from the first on, by the highest bits of their hashes. The order within a block stays. */
function sortIntoBlocks(
  entries: readonly Entries[],
  bits: number,
  first = 0,
  count: number = 2 ** bits,
): Buffer[] {
  const sizes = new Int32Array(count);
  for (const some of entries) {
    for (let at = 0, end = 0; at < some.end; at = end) {
      end = some.next(at);
      const block = blockOf(some.hashAt(at), bits) - first;
      sizes[block] = (sizes[block] as number) + end - at;
    }
  }
  const blocks = Array.from(sizes, (size) => Buffer.allocUnsafeSlow(size));
  const filled = new Int32Array(count);
  for (const some of entries) {
    for (let at = 0, end = 0; at < some.end; at = end) {
      end = some.next(at);
      const block = blockOf(some.hashAt(at), bits) - first;
      const to = filled[block] as number;
      some.source.copy(blocks[block] as Buffer, to, at, end);
      filled[block] = to + end - at;
    }
  }
  return blocks;
}
