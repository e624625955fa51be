// What an expiring store has on disk, in the LMDB environment of its task: pieces of its log as they were flushed, and runs.
//
//   <store>/log        a piece a flush: read at the start alone, deleted once the runs have its entries
//   <store>/<segment>  runs: blocks of entries by the highest bits of their keys' hashes; dropped whole
//
// So that a flush writes few large values instead of a value for each key, in no order that a tree could take well.
import type { Database, RootDatabase } from 'lmdb';
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
}

/** A run's head has the key of its number times this, its blocks those after it. */
const keysOfRun = 2 ** 21;
/** About so many entries are in a block. */
const blockEntries = 128;

/** A {@link Run} on disk. */
export class DiskRun implements Run {
  readonly count: number;
  readonly end: number;
  readonly #blocks: Blocks;
  readonly #first: number;
  readonly #bits: number;

  constructor(blocks: Blocks, number: number, { count, end, bits }: RunHead) {
    this.count = count;
    this.end = end;
    this.#blocks = blocks;
    this.#first = number * keysOfRun + 1;
    this.#bits = bits;
  }

  /** How many blocks it has; some may be empty. */
  get blocks(): number {
    return 2 ** this.#bits;
  }

  lookUp(key: KeyBytes): Found | undefined {
    const entries = this.block(blockOf(key.hash, this.#bits));
    const at = entries?.scan(key) ?? nowhere;
    return entries && at !== nowhere ? { entries, at } : undefined;
  }

  each(take: (entries: Entries, at: number) => void): void {
    for (let index = 0; index < this.blocks; index++) {
      const entries = this.block(index);
      for (let at = 0; entries && at < entries.end; at = entries.next(at)) take(entries, at);
    }
  }

  /** One block's entries; undefined for an empty one. */
  block(index: number): Entries | undefined {
    const bytes = this.#blocks.get(this.#first + index);
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
    const { env, meta, store, taskId } = this.#options;
    const [stale, kept] = [this.#firstPiece, this.#piecesFrom];
    const made = runs.map(({ segment, run }) => this.#prepare(segment, run));
    try {
      await env.batch(() => {
        for (let number = stale; number < kept; number++) void this.#log.remove(number);
        if (piece.length > 0) void this.#log.put(this.#nextPiece++, piece);
        for (const { blocks, values } of made) for (const [key, value] of values) void blocks.put(key, value);
        void meta.put(store, position);
      });
    } catch (cause) {
      throw unwritable(store, taskId, cause);
    }
    this.#firstPiece = kept;
    return made.map(({ run }) => run);
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
    const runs: DiskRun[] = [];
    for (let start = 0; ;) {
      const [head] = [...blocks.getRange({ start, limit: 1 })];
      if (!head) break;
      const number = head.key / keysOfRun;
      runs.push(new DiskRun(blocks, number, JSON.parse(head.value.toString()) as RunHead));
      this.#nextRun = Math.max(this.#nextRun, number + 1);
      start = (number + 1) * keysOfRun;
    }
    if (runs.length > 0) this.runs.set(segment, runs);
  }

  /** Sorts a run's entries into blocks. */
  #prepare(segment: number, log: EntryLog): { blocks: Blocks; run: DiskRun; values: [number, Buffer][] } {
    const blocks = this.#blocks(segment);
    const number = this.#nextRun++;
    const bits = Math.max(0, Math.ceil(Math.log2(log.count / blockEntries)));
    const head: RunHead = { count: log.count, end: log.end, bits };
    const first = number * keysOfRun;
    const values: [number, Buffer][] = [[first, Buffer.from(JSON.stringify(head))]];
    const sizes = new Int32Array(2 ** bits);
    log.each((entries, at) => {
      const block = blockOf(entries.hashAt(at), bits);
      sizes[block] = (sizes[block] as number) + entries.next(at) - at;
    });
    const buffers = Array.from(sizes, (size) => Buffer.allocUnsafeSlow(size));
    const filled = new Int32Array(2 ** bits);
    log.each((entries, at) => {
      const block = blockOf(entries.hashAt(at), bits);
      const to = filled[block] as number;
      const end = entries.next(at);
      entries.source.copy(buffers[block] as Buffer, to, at, end);
      filled[block] = to + end - at;
    });
    for (const [index, buffer] of buffers.entries())
      if (buffer.length > 0) values.push([first + 1 + index, buffer]);
    return { blocks, run: new DiskRun(blocks, number, head), values };
  }
}
