// Committed state on disk: LMDB below a memory table, so that a store is read at once and written in large batches.
//
//   apply ─▶ fresh (memory) ──flush──▶ flushing (memory) ──one local transaction, position too──▶ LMDB
//
// What is still in memory when the process dies is in the changelog after the position on disk.
import type { Database, RootDatabase } from 'lmdb';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hashText } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import { BloomFilter } from './bloom-filter.ts';
import { isWrite, type CommittedState, type StateChange, type Stored } from './committed-state.ts';
import { compareKeys } from './memory-state.ts';
import type { OpenStateOptions } from './state-backend.ts';

type SegmentDb = Database<Buffer | string, string>;

/** Neighbouring segments, in one LMDB database that is dropped whole. */
interface Group {
  /** Opened with the first flush that has something for it. */
  db: SegmentDb | undefined;
  /** Every key that is in the database, and those on their way to it. */
  readonly filter: BloomFilter;
  /** The keys that were there when it was opened are in the filter too. */
  filtered: boolean;
}

/** What waits for the disk, by segment and key; null: a deletion. */
type Table = Map<number, Map<string, Stored | null>>;

const segmentDigits = 11;
/** Begins the keys of a database that has one segment alone: the engine takes no empty key. */
const soleSegment = '=';

/** Keys that are read in one turn of the event loop when a filter is filled. */
const filterStep = 5_000;

type PageCount = 'treeBranchPageCount' | 'treeLeafPageCount' | 'overflowPages';

/** What the disk state of one store is made of. */
export interface DiskStateOptions extends OpenStateOptions {
  env: RootDatabase<unknown, string>;
  meta: Database<number, string>;
  onClose: () => Promise<void>;
}

/** A {@link CommittedState} in one LMDB environment, shared by the stores of a task. */
export class DiskState implements CommittedState {
  readonly #options: DiskStateOptions;
  readonly #groups = new Map<number, Group>();
  /** Whether each segment has a database to itself. */
  readonly #alone: boolean;
  /** How many characters of a key on disk stand before the store's own. */
  readonly #prefixLength: number;
  #fresh: Table = new Map();
  #flushing: Table | undefined;
  #flush: Promise<void> | undefined;
  #position: number;
  #dropBefore = 0;
  #unflushed = 0;
  #closed = false;

  constructor(options: DiskStateOptions) {
    this.#options = options;
    this.#alone = options.segmentsTogether === 1;
    this.#prefixLength = this.#alone ? soleSegment.length : segmentDigits;
    this.#position = options.meta.get(options.store) ?? 0;
    for (const name of options.env.getKeys()) {
      const group = segmentOfDatabase(options.store, name);
      if (group !== undefined) void this.#fillFilter(this.#group(group), this.#open(group));
    }
  }

  get unflushed(): number {
    return this.#unflushed;
  }

  get position(): number {
    return this.#position;
  }

  get(segment: number, key: string): Stored | undefined {
    const group = this.#groups.get(this.#groupNumber(segment));
    // Most look-ups that come here are of keys that were never there: the filter answers those alone.
    if (!group || (group.filtered && !group.filter.mayHave(hashText(key)))) return undefined;
    const fresh = this.#fresh.get(segment)?.get(key);
    if (fresh !== undefined) return fresh ?? undefined;
    const flushing = this.#flushing?.get(segment)?.get(key);
    if (flushing !== undefined) return flushing ?? undefined;
    const data = group.db?.get(this.#diskKey(segment, key));
    return data === undefined ? undefined : decode(data);
  }

  apply(changes: Iterable<StateChange>, position: number): void {
    let table: Map<string, Stored | null> | undefined;
    let filter: BloomFilter | undefined;
    let current = Number.NaN;
    for (const change of changes) {
      const { segment, key } = change;
      if (!table || !filter || segment !== current) {
        table = this.#fresh.get(segment);
        if (!table) this.#fresh.set(segment, (table = new Map()));
        filter = this.#group(this.#groupNumber(segment)).filter;
        current = segment;
      }
      const known = table.size;
      table.set(key, isWrite(change) ? change : null);
      if (table.size > known) filter.add(hashText(key));
      this.#unflushed++;
    }
    this.#position = position;
  }

  *entries(segment: number, prefix = ''): Generator<readonly [string, Stored]> {
    const written = new Map<string, Stored | null>();
    for (const layer of [this.#flushing, this.#fresh]) {
      for (const [key, stored] of layer?.get(segment) ?? [])
        if (key.startsWith(prefix)) written.set(key, stored);
    }
    const fresh = [...written].toSorted(([a], [b]) => compareKeys(a, b));
    let next = 0;
    const group = this.#groups.get(this.#groupNumber(segment));
    const start = this.#diskKey(segment, prefix);
    for (const { key: text, value } of group?.db?.getRange({ start }) ?? []) {
      if (!text.startsWith(start)) break;
      const key = text.slice(this.#prefixLength);
      for (; next < fresh.length; next++) {
        const [freshKey, stored] = fresh[next] as (typeof fresh)[number];
        if (compareKeys(freshKey, key) >= 0) break;
        if (stored) yield [freshKey, stored];
      }
      if (!written.has(key)) yield [key, decode(value)];
    }
    for (; next < fresh.length; next++) {
      const [freshKey, stored] = fresh[next] as (typeof fresh)[number];
      if (stored) yield [freshKey, stored];
    }
  }

  segments(): number[] {
    const segments = new Set<number>([...this.#fresh.keys(), ...(this.#flushing?.keys() ?? [])]);
    for (const [number, { db }] of this.#groups)
      for (const segment of this.#segmentsIn(number, db)) segments.add(segment);
    return [...segments].filter((segment) => segment >= this.#dropBefore).toSorted((a, b) => a - b);
  }

  dropSegmentsBefore(segment: number): void {
    if (segment <= this.#dropBefore) return;
    this.#dropBefore = segment;
    for (const table of [this.#fresh, this.#flushing]) {
      for (const id of table?.keys() ?? []) if (id < segment) table?.delete(id);
    }
    for (const [number, group] of this.#groups) {
      if (number >= this.#groupNumber(segment)) continue;
      this.#groups.delete(number);
      void group.db?.drop();
    }
  }

  size(): number {
    let size = 0;
    for (const db of this.#databases()) {
      const stats = db.getStats() as { entryCount?: number };
      size += stats.entryCount ?? 0;
    }
    for (const layer of [this.#fresh, this.#flushing])
      for (const table of layer?.values() ?? []) size += table.size;
    return size;
  }

  bytes(): number {
    return this.#databases().reduce((sum, db) => sum + pagesOf(db), 0);
  }

  async flush(): Promise<void> {
    while (this.#flush) await this.#flush;
    if (this.#fresh.size === 0 && this.#position === this.#options.meta.get(this.#options.store)) return;
    this.#flush = this.#write().finally(() => (this.#flush = undefined));
    await this.#flush;
  }

  async clear(): Promise<void> {
    while (this.#flush) await this.#flush;
    this.#fresh = new Map();
    this.#position = 0;
    for (const db of this.#databases()) await db.drop();
    this.#groups.clear();
    await this.#options.meta.remove(this.#options.store);
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flush) await this.#flush;
    await this.#options.onClose();
  }

  async #write(): Promise<void> {
    const { env, meta, store, taskId } = this.#options;
    const table = this.#fresh;
    const position = this.#position;
    this.#flushing = table;
    this.#fresh = new Map();
    this.#unflushed = 0;
    for (const segment of table.keys()) this.#open(this.#groupNumber(segment));
    try {
      await env.batch(() => {
        for (const [segment, entries] of table) {
          const db = this.#open(this.#groupNumber(segment));
          for (const [key, stored] of entries) {
            if (stored) {
              void db.put(this.#diskKey(segment, key), encode(stored));
            } else {
              void db.remove(this.#diskKey(segment, key));
            }
          }
        }
        void meta.put(store, position);
      });
      this.#flushing = undefined;
    } catch (cause) {
      // What could not be written stays readable in memory until the task has stopped.
      throw unwritable(store, taskId, cause);
    }
  }

  #group(number: number): Group {
    let group = this.#groups.get(number);
    if (!group)
      this.#groups.set(number, (group = { db: undefined, filter: new BloomFilter(), filtered: true }));
    return group;
  }

  #open(number: number): SegmentDb {
    const { env, store, format } = this.#options;
    const encoding = format === 'text' ? 'string' : 'binary';
    const name = databaseName(store, number);
    return (this.#group(number).db ??= env.openDB({ name, encoding, cache: false }));
  }

  #databases(): SegmentDb[] {
    return [...this.#groups.values()].flatMap(({ db }) => db ?? []);
  }

  /** Reads the keys that were there before, beside the work. */
  async #fillFilter(group: Group, db: SegmentDb): Promise<void> {
    group.filtered = false;
    let start = '';
    for (;;) {
      if (this.#closed) return;
      const keys = [...db.getKeys({ start, limit: filterStep })];
      for (const key of keys) group.filter.add(hashText(key.slice(this.#prefixLength)));
      if (keys.length < filterStep) break;
      start = `${keys.at(-1)}\u0000`;
      await nextTurn();
    }
    group.filtered = true;
  }

  /** Shorter where the database has one segment alone: what is shorter is written and found sooner. */
  #diskKey(segment: number, key: string): string {
    if (this.#alone) return soleSegment + key;
    return String(segment).padStart(segmentDigits, '0') + key;
  }

  /** The segments that a database has anything of. */
  *#segmentsIn(group: number, db: SegmentDb | undefined): Generator<number> {
    if (this.#alone) {
      if (db && db.getKeysCount({ limit: 1 }) > 0) yield group;
      return;
    }
    let start = '';
    for (;;) {
      const [first] = db?.getKeys({ start, limit: 1 }) ?? [];
      if (first === undefined) return;
      const segment = Number(first.slice(0, segmentDigits));
      yield segment;
      start = this.#diskKey(segment + 1, '');
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

/** What is thrown where the disk takes no more. */
export function unwritable(store: string, taskId: string, cause: unknown): FatalError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const message = `writing store ${store} of task ${taskId}: ${text}; free space on the disk of the state folder`;
  return new FatalError('STATE_UNWRITABLE', message, { cause, taskId });
}

/** The number that a store's database is called by; undefined for any other database. */
export function segmentOfDatabase(store: string, name: string): number | undefined {
  if (!name.startsWith(`${store}/`)) return undefined;
  const group = Number(name.slice(store.length + 1));
  return Number.isSafeInteger(group) ? group : undefined;
}

/** Text values as `<timestamp>,<text>`; bytes as eight bytes of timestamp and the value. */
function encode({ data, timestamp }: Stored): string | Buffer {
  if (typeof data === 'string') return `${timestamp},${data}`;
  const bytes = Buffer.allocUnsafe(8 + data.length);
  bytes.writeBigInt64BE(BigInt(timestamp));
  bytes.set(data, 8);
  return bytes;
}

function decode(stored: string | Buffer): Stored {
  if (typeof stored === 'string') {
    const comma = stored.indexOf(',');
    return { data: stored.slice(comma + 1), timestamp: Number(stored.slice(0, comma)) };
  }
  return { data: Buffer.from(stored.subarray(8)), timestamp: Number(stored.readBigInt64BE()) };
}
