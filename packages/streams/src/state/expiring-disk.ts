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
import { bitsOf, DiskRun, keysOfRun, sortIntoBlocks, type Blocks, type RunHead } from './disk-run.ts';
import { Entries } from './entries.ts';
import type { EntryLog } from './entry-log.ts';

/** So many runs, one after the other, are made one: a look-up asks run by run. */
const mergedRuns = 16;
/** Blocks that are read in one turn of the event loop while others work. */
export const blocksInOneTurn = 256;

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
  readonly #options: ExpiringDiskOptions;
  readonly #segments = new Map<number, Blocks>();
  readonly #log: Blocks;
  #nextRun = 1;
  #firstPiece: number;
  #nextPiece: number;
  /** Pieces before this one have become runs. */
  #piecesFrom: number;
  /** Runs that others were made of, to be removed. */
  #merged: { segment: number; run: DiskRun }[] = [];

  constructor(options: ExpiringDiskOptions) {
    this.#options = options;
    const { env, store } = options;
    this.#log = env.openDB({ name: databaseName(store, 'log'), encoding: 'binary', cache: false });
    const [first = 1] = this.#log.getKeys({ limit: 1 });
    const [last = first - 1] = this.#log.getKeys({ limit: 1, reverse: true });
    this.#firstPiece = this.#piecesFrom = first;
    this.#nextPiece = last + 1;
  }

  /** The changelog position of what is on disk. */
  get position(): number {
    return this.#options.meta.get(this.#options.store) ?? 0;
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

  /** Writes all of it or nothing; answers the runs. @throws FatalError with STATE_UNWRITABLE where the disk takes no more. */
  async write({ runs, piece, position }: ExpiringFlush): Promise<DiskRun[]> {
    const [stale, kept, next] = [this.#firstPiece, this.#piecesFrom, this.#nextPiece];
    if (piece.length > 0) this.#nextPiece++;
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
      if (piece.length > 0) void this.#log.put(next, piece);
      for (const write of prepared) write.put();
      void this.#options.meta.put(this.#options.store, position);
    });
    this.#firstPiece = kept;
    return prepared.map(({ run }) => run);
  }

  /**
   * Makes one of many of a segment's runs, beside the work; answers the runs as they are then. Those that it was made of stay until
   * the next call: somebody may be about to look into them.
   */
  async merge(segment: number, runs: readonly DiskRun[]): Promise<DiskRun[] | undefined> {
    await this.#removeMerged();
    // What was merged is older than all that was not.
    const young = runs.filter(({ merged }) => !merged);
    const old = young.slice(0, mergedRuns);
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
    return [...runs.filter(({ merged }) => merged), write.run, ...young.slice(mergedRuns)];
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
    return runs.toSorted((a, b) => a.age - b.age);
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

function isOf({ number, merged }: DiskRun, first: number, last: number): boolean {
  return !merged && number >= first && number <= last;
}
