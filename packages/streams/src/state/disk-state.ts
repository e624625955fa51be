// Committed state on disk: LMDB below a memory table,
// so that a store is read at once and written in large batches.
//
//   apply ─▶ fresh (memory) ──flush──▶ flushing (memory) ──one local transaction, position too──▶ LMDB
//
// What is still in memory when the process dies is in the changelog after the position on disk.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { maxKeyBytes, type KeyEncoding } from '../api/key-text.ts';
import type { StoreSpec } from '../api/stores.ts';
import { BloomFilter } from './bloom-filter.ts';
import { isCurrent, type Checkpoints } from './checkpoint.ts';
import {
  includes,
  type CommittedState,
  type KeyRange,
  type StateChange,
  type Stored,
} from './committed-state.ts';
import { addedEntries } from './added-entries.ts';
import { DiskKeys } from './disk-keys.ts';
import { keyBytes } from './key-bytes.ts';
import { readTimed, writeTimed } from './stored-data.ts';
import { StoreWrites } from './lmdb-writes.ts';
import { mergeSorted } from './merge-sorted.ts';
import type { Database, RootDatabase } from './lmdb.ts';
import { WaitingChanges } from './waiting-changes.ts';

type SegmentDb = Database<Buffer | string, Buffer>;

/** Neighbouring segments, in one LMDB database that is dropped whole. */
interface Group {
  /** Opened with the first flush that has something for it. */
  db: SegmentDb | undefined;
  /** Every key that is in the database, and those on their way to it. */
  readonly filter: BloomFilter;
  /** The keys that were there when it was opened are in the filter too. */
  filtered: boolean;
}

/** Keys that are read in one turn of the event loop when a filter is filled. */
const filterStep = 5_000;

type PageCount = 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages';

/** What the disk state of one store is made of. Times in epoch milliseconds. */
export interface DiskStateOptions {
  taskId: string;
  store: string;
  kind: StoreSpec['kind'];
  keys: KeyEncoding;
  format: 'text' | 'bytes';
  segmentsTogether: number;
  prefixLength?: ((key: string) => number) | undefined;
  env: RootDatabase;
  checkpoints: Checkpoints;
  now: () => number;
  /** Whether the folder is still this process's. */
  isHeld: () => boolean;
  onClose: () => Promise<void>;
}

/** A {@link CommittedState} in one LMDB environment, shared by the stores of a task. */
export class DiskState implements CommittedState {
  readonly #options: DiskStateOptions;
  readonly #groups = new Map<number, Group>();
  readonly #writes: StoreWrites;
  readonly #keys: DiskKeys;
  /** Whether each segment has a database to itself. */
  readonly #alone: boolean;
  /** A timeline store reads ranges, and no single keys that a filter could spare it. */
  readonly #hasFilters: boolean;
  /** Undefined: nothing was on disk. */
  readonly flushedAt: number | undefined;
  #fresh: WaitingChanges;
  #flushing: WaitingChanges | undefined;
  #flush: Promise<void> | undefined;
  #position: number;
  #dropBefore = 0;
  #closed = false;

  constructor(options: DiskStateOptions) {
    this.#options = options;
    const { env, store, keys, checkpoints } = options;
    this.#writes = new StoreWrites(env, options);
    this.#alone = options.segmentsTogether === 1;
    this.#hasFilters = options.kind !== 'timeline';
    this.#fresh = this.#noChanges();
    this.#keys = new DiskKeys(this.#alone, keys);
    const checkpoint = checkpoints.get(store);
    this.#position = checkpoint?.position ?? 0;
    this.flushedAt = checkpoint?.writtenAt;
    for (const name of Array.from(env.getKeys())) {
      const number = segmentOfDatabase(store, name);
      if (number === undefined) continue;
      const db = this.#openDb(name);
      if (checkpoint?.clearing) {
        db.dropSync();
        continue;
      }
      const group = this.#group(number);
      group.db = db;
      if (this.#hasFilters) this.#writes.background(this.#fillFilter(number, group, db));
    }
  }

  get unflushed(): number {
    return this.#fresh.changes;
  }

  get unflushedBytes(): number {
    return this.#fresh.bytes;
  }

  get position(): number {
    return this.#position;
  }

  get(segment: number, key: string): Stored | undefined {
    const group = this.#groups.get(this.#groupNumber(segment));
    if (!group) return undefined;
    const bytes = keyBytes(key, this.#options.keys);
    if (bytes.length > maxKeyBytes) return undefined;
    // Most look-ups that come here are of keys that were never there: the filter knows that.
    if (this.#hasFilters && group.filtered && !group.filter.mayHave(bytes.hash)) return undefined;
    const fresh = this.#fresh.get(segment, key);
    if (fresh !== undefined) return fresh ?? undefined;
    const flushing = this.#flushing?.get(segment, key);
    if (flushing !== undefined) return flushing ?? undefined;
    const data = group.db?.get(this.#keys.write(segment, bytes));
    return data === undefined ? undefined : decode(data);
  }

  apply(changes: Iterable<StateChange>, position: number): void {
    this.#position = position;
    if (!this.#hasFilters) {
      this.#fresh.add(changes);
      for (const segment of this.#fresh.segments()) this.#group(this.#groupNumber(segment));
      return;
    }
    let filter: BloomFilter | undefined;
    let current = Number.NaN;
    this.#fresh.add(changes, (segment, key) => {
      if (!filter || segment !== current) filter = this.#group(this.#groupNumber(segment)).filter;
      current = segment;
      filter.add(keyBytes(key, this.#options.keys).hash);
    });
  }

  entries(segment: number, range: KeyRange = {}): Generator<readonly [string, Stored]> {
    const written = new Map<string, Stored | null>();
    for (const waiting of [this.#flushing, this.#fresh])
      for (const [key, stored] of waiting?.entries(segment, range.prefix) ?? [])
        if (includes(range, key)) written.set(key, stored);
    const db = this.#groups.get(this.#groupNumber(segment))?.db;
    return mergeSorted(written, db ? this.#rangeOf(db, segment, range) : [], decode);
  }

  segments(): number[] {
    const segments = new Set<number>([...this.#fresh.segments(), ...(this.#flushing?.segments() ?? [])]);
    for (const [number, { db }] of this.#groups)
      for (const segment of this.#segmentsIn(number, db)) segments.add(segment);
    return [...segments].filter((segment) => segment >= this.#dropBefore).toSorted((a, b) => a - b);
  }

  dropSegmentsBefore(segment: number): void {
    if (segment <= this.#dropBefore) return;
    this.#dropBefore = segment;
    this.#fresh.dropBefore(segment);
    this.#flushing?.dropBefore(segment);
    for (const [number, group] of this.#groups) {
      if (number >= this.#groupNumber(segment)) continue;
      this.#groups.delete(number);
      this.#writes.drop(group.db);
    }
  }

  size(): number {
    let size = 0;
    for (const db of this.#databases()) {
      const stats = db.getStats() as { entryCount?: number };
      size += stats.entryCount ?? 0;
    }
    const layers = [this.#flushing, this.#fresh].flatMap((waiting) => waiting?.table ?? []);
    size += addedEntries(layers, (segment, key) => this.#isOnDisk(segment, key));
    return Math.max(0, Math.round(size));
  }

  #isOnDisk(segment: number, key: string): boolean {
    const db = this.#groups.get(this.#groupNumber(segment))?.db;
    return db?.doesExist(this.#keys.write(segment, keyBytes(key, this.#options.keys))) ?? false;
  }

  bytes(): number {
    return this.#databases().reduce((sum, db) => sum + pagesOf(db), 0);
  }

  async flush(): Promise<void> {
    while (this.#flush) await this.#flush;
    this.#writes.check();
    const { checkpoints, store, now } = this.#options;
    if (this.#fresh.isEmpty && isCurrent(checkpoints.get(store), this.#position, now())) return;
    this.#flush = this.#write().finally(() => (this.#flush = undefined));
    await this.#flush;
  }

  async clear(): Promise<void> {
    while (this.#flush) await this.#flush;
    const { checkpoints, store, now } = this.#options;
    const databases = this.#databases();
    this.#fresh = this.#noChanges();
    this.#position = 0;
    this.#groups.clear();
    // First, so that a crash between two databases leaves no position over missing entries.
    const clearing = { position: 0, writtenAt: now(), clearing: true } as const;
    await this.#writes.batch(() => void checkpoints.put(store, clearing));
    for (const db of databases) await db.drop();
    await this.#writes.batch(() => void checkpoints.remove(store));
  }

  async close(): Promise<void> {
    this.#closed = true;
    // A flush that failed was reported where it began.
    while (this.#flush) await this.#flush.catch(() => {});
    await this.#options.onClose();
  }

  async #write(): Promise<void> {
    const { checkpoints, store, now } = this.#options;
    const waiting = this.#fresh;
    const position = this.#position;
    this.#flushing = waiting;
    this.#fresh = this.#noChanges();
    for (const segment of waiting.segments()) this.#open(this.#groupNumber(segment));
    // What could not be written stays readable in memory until the task has stopped.
    await this.#writes.batch(() => {
      waiting.each((segment, key, stored) => {
        const db = this.#open(this.#groupNumber(segment));
        const diskKey = this.#keys.write(segment, keyBytes(key, this.#options.keys));
        if (stored) void db.put(diskKey, writeTimed(stored.timestamp, stored.data));
        else void db.remove(diskKey);
      });
      void checkpoints.put(store, { position, writtenAt: now() });
    });
    this.#flushing = undefined;
  }

  #noChanges(): WaitingChanges {
    const { kind, prefixLength } = this.#options;
    return new WaitingChanges({ isList: kind === 'timeline', prefixLength });
  }

  #group(number: number): Group {
    let group = this.#groups.get(number);
    if (!group)
      this.#groups.set(number, (group = { db: undefined, filter: new BloomFilter(), filtered: true }));
    return group;
  }

  #open(number: number): SegmentDb {
    return (this.#group(number).db ??= this.#openDb(databaseName(this.#options.store, number)));
  }

  #openDb(name: string): SegmentDb {
    const encoding = this.#options.format === 'text' ? 'string' : 'binary';
    return this.#options.env.openDB({ name, encoding, keyEncoding: 'binary', cache: false });
  }

  #databases(): SegmentDb[] {
    return [...this.#groups.values()].flatMap(({ db }) => db ?? []);
  }

  /** What a database has of a segment, in a range of keys. */
  *#rangeOf(
    db: SegmentDb,
    segment: number,
    { from = '', to, prefix = '' }: KeyRange,
  ): Generator<readonly [string, Buffer | string]> {
    const begin = this.#keys.bound(segment, prefix);
    const lowest = this.#keys.bound(segment, from);
    const start = Buffer.compare(lowest, begin) > 0 ? lowest : begin;
    const last = to === undefined ? undefined : this.#keys.bound(segment, to);
    for (const { key, value } of db.getRange({ start })) {
      if (!startsWith(key, begin)) return;
      if (last && Buffer.compare(key, last) > 0) return;
      yield [this.#keys.textOf(key), value];
    }
  }

  /** Reads the keys that were there before, in the background. */
  async #fillFilter(number: number, group: Group, db: SegmentDb): Promise<void> {
    group.filtered = false;
    let start: Buffer = Buffer.alloc(1);
    for (;;) {
      // LMDB gives the number of a dropped database to the next one that is opened.
      if (this.#closed || this.#groups.get(number) !== group) return;
      const keys = [...db.getKeys({ start, limit: filterStep })];
      for (const key of keys) group.filter.add(this.#keys.hashOf(key));
      const last = keys.at(-1);
      if (keys.length < filterStep || !last) break;
      start = Buffer.from([...last, 0]);
      await nextTurn();
    }
    group.filtered = true;
  }

  /** The segments that a database has anything of. */
  *#segmentsIn(group: number, db: SegmentDb | undefined): Generator<number> {
    if (this.#alone) {
      if (db && db.getKeysCount({ limit: 1 }) > 0) yield group;
      return;
    }
    let start: Buffer = Buffer.alloc(1);
    for (;;) {
      const [first] = db?.getKeys({ start, limit: 1 }) ?? [];
      if (first === undefined) return;
      const segment = this.#keys.segmentOf(first);
      yield segment;
      start = this.#keys.bound(segment + 1, '');
    }
  }

  #groupNumber(segment: number): number {
    return Math.floor(segment / this.#options.segmentsTogether);
  }
}

/** The name of one of a store's databases. */
export function databaseName(store: string, part: number | string): string {
  return `${store}/${part}`;
}

/** Bytes of the pages that a database takes. */
export function pagesOf(db: { getStats(): object }): number {
  const stats = db.getStats() as Partial<Record<'pageSize' | PageCount, number>>;
  const { pageSize = 0, treeBranchPageCount = 0, treeLeafPageCount = 0, overflowPages = 0 } = stats;
  return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
}

/** The number that a store's database is called by; undefined for any other database. */
export function segmentOfDatabase(store: string, name: string): number | undefined {
  if (!name.startsWith(`${store}/`)) return undefined;
  const group = Number(name.slice(store.length + 1));
  return Number.isSafeInteger(group) ? group : undefined;
}

function startsWith(key: Buffer, start: Buffer): boolean {
  return key.length >= start.length && start.compare(key, 0, start.length) === 0;
}

function decode(stored: string | Buffer): Stored {
  const { data, time } = readTimed(stored);
  return { data: typeof data === 'string' ? data : Buffer.from(data), timestamp: time };
}
