// A store read from outside: questions go to every thread of the instance, answers come back as one.
import type { Session } from '../api/session-store.ts';
import type { StoreQuery, StoreRow } from '../state/committed-reader.ts';
import type { ThreadHandle } from './thread-handle.ts';

/** How many rows a read may bring at most unless told otherwise. */
const defaultLimit = 10_000;

/**
 * Committed entries of a store, of the tasks that run in this instance and no other's; never those of an open
 * transaction. A name that no task here has answers as an empty store does. `limit` bounds the rows, 10,000
 * unless given.
 * @throws RetriableError where a worker thread has ended, or ends before it has answered.
 */
export interface ReadableStore<K, V> {
  /**
   * The value of a key, of a key-value or an expiring store (there until its segment is dropped, which may be
   * after its time).
   */
  get(key: K): Promise<V | undefined>;
  /** Keys from `from` to `to`, both included, in the order of their serialized form within each task. */
  range(from: K, to: K, options?: { limit?: number }): Promise<[K, V][]>;
  /** Every key, in the order of their serialized form within each task. */
  all(options?: { limit?: number }): Promise<[K, V][]>;
  /** The value of a key in the window that starts then. */
  fetch(key: K, windowStart: number): Promise<V | undefined>;
  /** A key's windows that start between `from` and `to`, both included, oldest first. */
  fetchRange(key: K, from: number, to: number, options?: { limit?: number }): Promise<[number, V][]>;
  /** Everything that starts between `from` and `to`, both included, in no order between tasks. */
  fetchAll(from: number, to: number, options?: { limit?: number }): Promise<[K, number, V][]>;
  /**
   * A key's sessions that end at `earliestEnd` or later and start at `latestStart` or earlier, in the order
   * of their ends; all of them unless given. A session is there until its segment is dropped.
   */
  fetchSessions(
    key: K,
    options?: { earliestEnd?: number; latestStart?: number; limit?: number },
  ): Promise<Session<V>[]>;
}

/** A store over the threads that may hold it: those that there are when it is read. */
export function readableStore<K, V>(
  name: string,
  threads: () => readonly ThreadHandle[],
): ReadableStore<K, V> {
  async function ask(query: StoreQuery, limit: number = defaultLimit): Promise<StoreRow[]> {
    const answers = await Promise.all(threads().map((thread) => thread.query(name, query)));
    return answers.flat().slice(0, limit);
  }

  async function first(query: StoreQuery): Promise<V | undefined> {
    const [row] = await ask(query);
    return row?.value as V | undefined;
  }

  const pair = ({ key, value }: StoreRow): [K, V] => [key as K, value as V];

  return {
    get: (key) => first({ kind: 'get', key }),
    fetch: (key, windowStart) => first({ kind: 'fetch', key, windowStart }),
    async range(from, to, { limit = defaultLimit } = {}) {
      return (await ask({ kind: 'range', from, to, limit }, limit)).map(pair);
    },
    async all({ limit = defaultLimit } = {}) {
      return (await ask({ kind: 'all', limit }, limit)).map(pair);
    },
    async fetchRange(key, from, to, { limit = defaultLimit } = {}) {
      const rows = await ask({ kind: 'fetchRange', key, from, to, limit }, limit);
      const windows = rows.map(({ windowStart, value }): [number, V] => [windowStart, value as V]);
      return windows.toSorted(([a], [b]) => a - b);
    },
    async fetchAll(from, to, { limit = defaultLimit } = {}) {
      const rows = await ask({ kind: 'fetchAll', from, to, limit }, limit);
      return rows.map(({ key, windowStart, value }) => [key as K, windowStart, value as V]);
    },
    async fetchSessions(
      key,
      { earliestEnd: from = 0, latestStart: to = Number.MAX_SAFE_INTEGER, limit = defaultLimit } = {},
    ) {
      const rows = await ask({ kind: 'fetchSessions', key, from, to, limit }, limit);
      return rows.map(({ windowStart, windowEnd, value }) => {
        return { start: windowStart, end: windowEnd ?? windowStart, value: value as V };
      });
    },
  };
}
