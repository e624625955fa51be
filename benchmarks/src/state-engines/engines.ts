// The engines that could lie below a store's memory table, each used as well as it can be: text keys and
// values, a flush in one local transaction with the changelog position, synchronous reads, a segment that
// goes whole.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ClassicLevel } from 'classic-level';
import { open as openLmdb, type Database } from 'lmdb';

/** A key and its value. */
export type Entry = readonly [key: string, value: string];

/**
 * What a store on disk needs of an engine. A crash of the process must lose whole flushes only, from the end.
 */
export interface Engine {
  flush(segment: number, entries: readonly Entry[], position: number): Promise<void>;
  get(segment: number, key: string): string | undefined;
  /** Reads a whole segment in the order of its keys; returns how many entries it has. */
  scan(segment: number): Promise<number>;
  drop(segment: number): Promise<void>;
  close(): Promise<void>;
}

/** As packages/streams uses it: a database for each segment, commits by a thread of the engine's own. */
export function lmdbEngine(folder: string): Engine {
  const env = openLmdb<unknown, string>({ path: folder, maxDbs: 4096, noSubdir: false });
  const positions = env.openDB<number, string>({ name: 'positions', encoding: 'json' });
  const segments = new Map<number, Database<string, string>>();
  function db(segment: number): Database<string, string> {
    let found = segments.get(segment);
    if (!found) {
      found = env.openDB<string, string>({ name: `s${segment}`, encoding: 'string', cache: false });
      segments.set(segment, found);
    }
    return found;
  }
  return {
    async flush(segment, entries, position) {
      const target = db(segment);
      await env.batch(() => {
        for (const [key, value] of entries) void target.put(key, value);
        void positions.put('store', position);
      });
    },
    get: (segment, key) => db(segment).get(key),
    async scan(segment) {
      let count = 0;
      for (const { value } of db(segment).getRange()) count += value.length > 0 ? 1 : 0;
      return count;
    },
    async drop(segment) {
      await db(segment).drop();
      segments.delete(segment);
    },
    close: () => env.close(),
  };
}

/** LevelDB: segments are prefixes, and dropping one is a range deletion. */
export async function levelEngine(folder: string): Promise<Engine> {
  const db = new ClassicLevel(folder);
  await db.open();
  const prefix = (segment: number): string => String(segment).padStart(11, '0');
  const range = (segment: number): { gte: string; lt: string } => ({
    gte: prefix(segment),
    lt: prefix(segment + 1),
  });
  return {
    async flush(segment, entries, position) {
      const start = prefix(segment);
      const puts = entries.map(([key, value]) => ({ type: 'put' as const, key: start + key, value }));
      await db.batch([...puts, { type: 'put', key: 'position', value: String(position) }]);
    },
    get: (segment, key) => db.getSync(prefix(segment) + key),
    async scan(segment) {
      let count = 0;
      const iterator = db.iterator(range(segment));
      for (let some = await iterator.nextv(1000); some.length > 0; some = await iterator.nextv(1000)) {
        count += some.length;
      }
      await iterator.close();
      return count;
    },
    drop: (segment) => db.clear(range(segment)),
    close: () => db.close(),
  };
}

/** SQLite as Node has it: a table for each segment, write-ahead log, everything in the calling thread. */
export function sqliteEngine(folder: string): Engine {
  mkdirSync(folder, { recursive: true });
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536');
  db.exec('CREATE TABLE positions (store TEXT PRIMARY KEY, position INTEGER) WITHOUT ROWID');
  const setPosition = db.prepare('INSERT OR REPLACE INTO positions VALUES (?, ?)');
  const segments = new Map<number, { put: StatementSync; get: StatementSync; all: StatementSync }>();
  function table(segment: number): { put: StatementSync; get: StatementSync; all: StatementSync } {
    let found = segments.get(segment);
    if (!found) {
      db.exec(`CREATE TABLE IF NOT EXISTS s${segment} (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID`);
      found = {
        put: db.prepare(`INSERT OR REPLACE INTO s${segment} VALUES (?, ?)`),
        get: db.prepare(`SELECT value FROM s${segment} WHERE key = ?`),
        all: db.prepare(`SELECT key, value FROM s${segment} ORDER BY key`),
      };
      segments.set(segment, found);
    }
    return found;
  }
  return {
    async flush(segment, entries, position) {
      const { put } = table(segment);
      db.exec('BEGIN');
      for (const [key, value] of entries) put.run(key, value);
      setPosition.run('store', position);
      db.exec('COMMIT');
    },
    get: (segment, key) => table(segment).get.get(key)?.['value'] as string | undefined,
    async scan(segment) {
      let count = 0;
      for (const row of table(segment).all.iterate()) count += row['value'] === '' ? 0 : 1;
      return count;
    },
    async drop(segment) {
      segments.delete(segment);
      db.exec(`DROP TABLE IF EXISTS s${segment}`);
    },
    async close() {
      db.close();
    },
  };
}

/** No disk at all: the memory table that the others lie below. */
export function mapEngine(): Engine {
  const segments = new Map<number, Map<string, string>>();
  return {
    async flush(segment, entries) {
      let table = segments.get(segment);
      if (!table) segments.set(segment, (table = new Map()));
      for (const [key, value] of entries) table.set(key, value);
    },
    get: (segment, key) => segments.get(segment)?.get(key),
    async scan(segment) {
      const table = segments.get(segment) ?? new Map<string, string>();
      return [...table].toSorted(([a], [b]) => (a < b ? -1 : 1)).length;
    },
    async drop(segment) {
      segments.delete(segment);
    },
    close: async () => segments.clear(),
  };
}
