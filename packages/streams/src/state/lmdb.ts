// lmdb, an optional dependency: it is loaded when state is to be on disk, and not before.
import { FatalError } from '../api/errors.ts';

/** Which keys of a database, and in which order. */
interface RangeOptions<K> {
  start?: K;
  end?: K;
  limit?: number;
  reverse?: boolean;
}

/** A database of lmdb: what of it is used. Declarations that a program sees must not need lmdb's types. */
export interface Database<V, K> {
  get(key: K): V | undefined;
  doesExist(key: K): boolean;
  getRange(options?: RangeOptions<K>): Iterable<{ key: K; value: V }>;
  getKeys(options?: RangeOptions<K>): Iterable<K>;
  getKeysCount(options?: RangeOptions<K>): number;
  getStats(): object;
  put(key: K, value: V): Promise<boolean>;
  remove(key: K): Promise<boolean>;
  clearAsync(): Promise<void>;
  drop(): Promise<void>;
  dropSync(): void;
}

/** How a database keeps its keys and values. */
interface DatabaseOptions {
  name: string;
  encoding: 'binary' | 'json' | 'string';
  keyEncoding?: 'binary';
  cache?: boolean;
}

/** An environment of lmdb; its own keys are the names of its databases. */
export interface RootDatabase extends Database<unknown, string> {
  openDB<V, K>(options: DatabaseOptions): Database<V, K>;
  batch(write: () => void): Promise<boolean>;
  close(): Promise<void>;
}

/** The exports of lmdb: what of them is used. */
export interface Lmdb {
  open(options: {
    path: string;
    maxDbs: number;
    noSubdir: boolean;
    eventTurnBatching: boolean;
  }): RootDatabase;
}

/**
 * Loads lmdb.
 * @throws FatalError `CONFIGURATION_INVALID` with the remedy where lmdb is not installed, or has no build for
 * this platform.
 */
export async function loadLmdb(load: () => Promise<Lmdb> = () => import('lmdb')): Promise<Lmdb> {
  try {
    return await load();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const message =
      `stateDir needs the package lmdb, which could not be loaded (${reason}): run \`npm install lmdb\`, ` +
      'or leave stateDir out and keep state in memory, which is restored from the changelogs at every start';
    throw new FatalError('CONFIGURATION_INVALID', message, { cause: error });
  }
}
