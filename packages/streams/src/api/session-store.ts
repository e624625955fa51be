// The session store as processors see it: values by key and session.

/** A session: a span of time, `start` and `end` included, in epoch milliseconds. */
export interface Session<V> {
  readonly start: number;
  readonly end: number;
  readonly value: V;
}

/**
 * Values by key and session, for processors; transactional as {@link KeyValueStore} is. The event time of a
 * session is its end. What ended a retention or more before the newest session that was put is not found any
 * more.
 */
export interface SessionStore<K, V> {
  /**
   * The sessions of a key that end at `earliestEnd` or later and start at `latestStart` or earlier, in the
   * order of their ends: those that a record may belong to.
   */
  findSessions(key: K, earliestEnd: number, latestStart: number): Session<V>[];
  /**
   * The value of one session, also where {@link findSessions} does not find it any more. It is gone when all
   * that ended in the same span of time (half the retention, a minute at least) is a retention old.
   */
  fetchSession(key: K, start: number, end: number): V | undefined;
  /** Every session of a key, in the order of their ends. */
  fetch(key: K): Session<V>[];
  /**
   * The sessions of all keys that end between two times, both included, in no order; see {@link
   * fetchSession}.
   */
  fetchAll(from: number, to: number): Iterable<[K, Session<V>]>;
  /** Writes a session. */
  put(key: K, start: number, end: number, value: V): void;
  /** Removes a session. */
  remove(key: K, start: number, end: number): void;
  /**
   * What this task has changed since the last commit began, removed sessions first; a value of `undefined`
   * stands for removed.
   */
  written(): Iterable<[K, Session<V | undefined>]>;
  /** The value as it was when the last commit began. */
  before(key: K, start: number, end: number): V | undefined;
}
