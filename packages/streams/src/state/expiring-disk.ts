// What an expiring store has on disk, in the LMDB environment of its task: pieces of its log as they were
// flushed, and runs.
//
//   <store>/log        a piece a flush: read at the start alone, deleted once the runs have its entries
//   <store>/<segment>  runs: blocks of entries by the highest bits of their keys' hashes, and an index
//                      of keys' prefixes; dropped whole
//
// So that a flush writes few large values instead of a value for each key,
// in no order that a tree could take well.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BloomFilter } from './bloom-filter.ts';
import { isCurrent, type Checkpoints } from './checkpoint.ts';
import { databaseName, pagesOf, segmentOfDatabase } from './disk-state.ts';
import {
  bitsOf,
  blockKey,
  DiskRun,
  headKey,
  indexKey,
  keysOfRun,
  sortIntoBlocks,
  type Blocks,
  type RunHead,
} from './disk-run.ts';
import { Entries } from './entries.ts';
import type { EntryLog } from './entry-log.ts';
import { StoreWrites } from './lmdb-writes.ts';
import { PrefixIndexWriter } from './prefix-index.ts';
import type { RootDatabase } from './lmdb.ts';

/** This many runs, one after the other, are merged into one: a look-up asks run by run. */
const mergedRuns = 16;
/** Blocks that are read in one turn of the event loop while others work. */
export const blocksInOneTurn = 256;

/** What the disk part of an expiring store is made of. */
export interface ExpiringDiskOptions {
  env: RootDatabase;
  checkpoints: Checkpoints;
  store: string;
  taskId: string;
  /** Whether runs get an index of prefixes. */
  prefixes: boolean;
  now: () => number;
  /** Whether the folder is still this process's. */
  isHeld: () => boolean;
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
  readonly #options: ExpiringDiskOptions;
  readonly #segments = new Map<number, Blocks>();
  readonly #writes: StoreWrites;
  readonly #log: Blocks;
  /** Undefined: nothing was on disk. */
  readonly flushedAt: number | undefined;
  #nextRun = 1;
  #firstPiece: number;
  #nextPiece: number;
  /** Pieces before this one have become runs. */
  #piecesFrom: number;
  /** Runs that others were made of, to be removed. */
  #merged: { segment: number; run: DiskRun }[] = [];

  constructor(options: ExpiringDiskOptions) {
    this.#options = options;
    const { env, store, checkpoints } = options;
    this.#writes = new StoreWrites(env, options);
    const checkpoint = checkpoints.get(store);
    this.flushedAt = checkpoint?.writtenAt;
    if (checkpoint?.clearing) this.#dropAll();
    this.#log = env.openDB({ name: databaseName(store, 'log'), encoding: 'binary', cache: false });
    const [first = 1] = this.#log.getKeys({ limit: 1 });
    const [last = first - 1] = this.#log.getKeys({ limit: 1, reverse: true });
    this.#firstPiece = this.#piecesFrom = first;
    this.#nextPiece = last + 1;
  }

  /** The changelog position of what is on disk. */
  get position(): number {
    return this.#options.checkpoints.get(this.#options.store)?.position ?? 0;
  }

  /** @throws FatalError with STATE_UNWRITABLE after a write that failed. */
  check(): void {
    this.#writes.check();
  }

  /** Whether the checkpoint is as good as one that is written now. */
  isCurrent(position: number): boolean {
    const { checkpoints, store, now } = this.#options;
    return isCurrent(checkpoints.get(store), position, now());
  }

  /** Runs a reader in the background: see {@link StoreWrites.background}. */
  background(read: Promise<void>): void {
    this.#writes.background(read);
  }

  /** The runs that are there at the start, by segment, oldest first. */
  *readRuns(): Generator<[segment: number, runs: DiskRun[]]> {
    const { env, store } = this.#options;
    for (const name of env.getKeys()) {
      const segment = segmentOfDatabase(store, name);
      if (segment !== undefined) yield [segment, this.#runsOf(segment)];
    }
  }

  /** The pieces of the log that have not become runs. */
  *pieces(): Generator<Entries> {
    for (const { value } of this.#log.getRange()) yield new Entries(value);
  }

  /** All pieces that were written have become runs: the next flush deletes them. */
  forgetPieces(): void {
    this.#piecesFrom = this.#nextPiece;
  }

  /**
   * Writes all of it or nothing; returns the runs. @throws FatalError with STATE_UNWRITABLE where the disk
   * takes no more.
   */
  async write({ runs, piece, position }: ExpiringFlush): Promise<DiskRun[]> {
    const [stale, kept, next] = [this.#firstPiece, this.#piecesFrom, this.#nextPiece];
    if (piece.length > 0) this.#nextPiece++;
    const prepared = runs.map(({ segment, run }) => {
      const bits = bitsOf(run.count);
      const blocks = sortIntoBlocks([run], bits);
      const head = { count: run.count, end: run.end, bits, prefixes: this.#options.prefixes };
      const write = this.#prepare(segment, blocks, this.#indexOf(blocks), head);
      const filter = (write.run.filter = new BloomFilter());
      run.each((entries, at) => filter.add(entries.hashAt(at)));
      return write;
    });
    await this.#writes.batch(() => {
      for (let number = stale; number < kept; number++) void this.#log.remove(number);
      if (piece.length > 0) void this.#log.put(next, piece);
      for (const write of prepared) write.put();
      const { checkpoints, store, now } = this.#options;
      void checkpoints.put(store, { position, writtenAt: now() });
    });
    this.#firstPiece = kept;
    return prepared.map(({ run }) => run);
  }

  /**
   * Makes one of many of a segment's runs, in the background; returns the runs as they are then. Those that
   * it was made of stay until the next call: somebody may be about to look into them.
   */
  async merge(segment: number, runs: readonly DiskRun[]): Promise<DiskRun[] | undefined> {
    const blocks = this.#segments.get(segment);
    await this.#removeMerged();
    // Expired meanwhile. To open it again would be to write into a database that is being dropped.
    if (!blocks || this.#segments.get(segment) !== blocks) return undefined;
    // What was merged is older than all that was not.
    const young = runs.filter(({ merged }) => !merged);
    const old = young.slice(0, mergedRuns);
    const [first, last] = [old.at(0), old.at(-1)];
    if (old.length < mergedRuns || !first || !last) return undefined;
    const sum = (of: (run: DiskRun) => number): number => old.reduce((total, run) => total + of(run), 0);
    const bits = bitsOf(sum(({ count }) => count));
    // The highest bits of a hash that all agree in:
    // what has them is in one block of each, or in neighbouring ones.
    const common = Math.min(bits, ...old.map((run) => run.bits));
    const values: Buffer[] = [];
    const prefixes = this.#options.prefixes ? new PrefixIndexWriter() : undefined;
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
      for (const block of sortIntoBlocks(entries, bits, group * width, width)) {
        prefixes?.add(values.length, new Entries(block));
        values.push(block);
      }
    }
    const head = { count: sum(({ count }) => count), end: sum(({ end }) => end), bits };
    const write = this.#prepare(segment, values, prefixes?.blocks(bits) ?? [], {
      ...head,
      prefixes: prefixes !== undefined,
      of: [first.number, last.number],
    });
    await this.#writes.batch(() => write.put());
    this.#merged.push(...old.map((run) => ({ segment, run })));
    return [...runs.filter(({ merged }) => merged), write.run, ...young.slice(mergedRuns)];
  }

  /** Drops a segment's runs. */
  drop(segment: number): void {
    this.#writes.drop(this.#segments.get(segment));
    this.#segments.delete(segment);
  }

  bytes(): number {
    return [this.#log, ...this.#segments.values()].reduce((sum, db) => sum + pagesOf(db), 0);
  }

  async clear(): Promise<void> {
    const { checkpoints, store, now } = this.#options;
    // First, so that a crash in between leaves no position over missing entries.
    const clearing = { position: 0, writtenAt: now(), clearing: true } as const;
    await this.#writes.batch(() => void checkpoints.put(store, clearing));
    for (const segment of this.#segments.keys()) this.drop(segment);
    await this.#log.clearAsync();
    await this.#writes.batch(() => void checkpoints.remove(store));
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

  #runsOf(segment: number): DiskRun[] {
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
    return runs.toSorted((a, b) => a.order - b.order);
  }

  async #removeMerged(): Promise<void> {
    const merged = this.#merged;
    this.#merged = [];
    if (merged.length === 0) return;
    await this.#writes.batch(() => {
      for (const { segment, run } of merged) {
        const blocks = this.#segments.get(segment);
        if (!blocks) continue;
        void blocks.remove(headKey(run.number));
        for (let index = 0; index < run.blocks; index++) {
          void blocks.remove(blockKey(run.number, index));
          if (run.prefixes) void blocks.remove(indexKey(run.number, index));
        }
      }
    });
  }

  #prepare(
    segment: number,
    values: readonly Buffer[],
    prefixes: readonly Buffer[],
    head: RunHead,
  ): { run: DiskRun; put: () => void } {
    const blocks = this.#blocks(segment);
    const number = this.#nextRun++;
    const put = (): void => {
      void blocks.put(headKey(number), Buffer.from(JSON.stringify(head)));
      for (const [index, value] of values.entries())
        if (value.length > 0) void blocks.put(blockKey(number, index), value);
      for (const [index, value] of prefixes.entries())
        if (value.length > 0) void blocks.put(indexKey(number, index), value);
    };
    return { run: new DiskRun(blocks, number, head), put };
  }

  /** The blocks of a run's index of prefixes, where runs have one. */
  #indexOf(blocks: readonly Buffer[]): Buffer[] {
    if (!this.#options.prefixes) return [];
    const index = new PrefixIndexWriter();
    for (const [number, block] of blocks.entries()) index.add(number, new Entries(block));
    return index.blocks(Math.log2(blocks.length));
  }

  /** Ends a `clear` that a crash has cut short. */
  #dropAll(): void {
    const { env, store } = this.#options;
    for (const name of Array.from(env.getKeys())) {
      const isOurs = name === databaseName(store, 'log') || segmentOfDatabase(store, name) !== undefined;
      if (isOurs) env.openDB({ name, encoding: 'binary', cache: false }).dropSync();
    }
  }
}

function isOf({ number, merged }: DiskRun, first: number, last: number): boolean {
  return !merged && number >= first && number <= last;
}
