// Committed state: what a task's store holds on this machine, and how far its changelog is in it.
import type { Serialized } from '../api/serde.ts';
import { compareKeys } from '../api/compare-keys.ts';

/** A stored value: bytes or text as the serde made it, and its event time. */
export interface Stored {
  readonly data: Serialized;
  readonly timestamp: number;
}

/** One committed change; with `data` it is at once what is stored, without it a deletion. */
export interface StateChange {
  readonly segment: number;
  readonly key: string;
  readonly data: Serialized | undefined;
  readonly timestamp: number;
}

/** Whether a change writes, and so can be kept as what is stored: there are too many for an object each. */
export function isWrite(change: StateChange): change is StateChange & Stored {
  return change.data !== undefined;
}

/** Some of a segment's keys: from one to another, both included, and only those that begin so. */
export interface KeyRange {
  readonly from?: string;
  readonly to?: string;
  readonly prefix?: string;
}

/** Whether a key is in a range. */
export function includes({ from, to, prefix = '' }: KeyRange, key: string): boolean {
  if (!key.startsWith(prefix)) return false;
  if (from !== undefined && compareKeys(key, from) < 0) return false;
  return to === undefined || compareKeys(key, to) <= 0;
}

/**
 * The committed part of one store, below the overlays of open transactions. Keys are text; window stores
 * spread them over segments by time, so that old segments are dropped whole; key-value stores use segment 0.
 */
export interface CommittedState {
  /** The next changelog offset that is not yet in here. Survives a crash no further than the entries do. */
  readonly position: number;
  get(segment: number, key: string): Stored | undefined;
  /** Takes in the changes of one commit, and the changelog position after them. */
  apply(changes: Iterable<StateChange>, position: number): void;
  /**
   * When what survived the last end of this process was written,
   * in epoch milliseconds; undefined: nothing did.
   */
  readonly flushedAt: number | undefined;
  /**
   * The entries of a segment in a range of keys, ordered by key.
   * The segment must not change while they are read.
   */
  entries(segment: number, range?: KeyRange): Iterable<readonly [string, Stored]>;
  /** The segments that exist, oldest first. */
  segments(): number[];
  /** Drops all segments before this one. */
  dropSegmentsBefore(segment: number): void;
  /** Number of entries; about, where more than some hundred changes wait for the disk. */
  size(): number;
  /** Bytes they take: of keys and values in memory, of pages on disk. */
  bytes(): number;
  /** Changes that a crash of this process would lose (and the changelog give back). */
  readonly unflushed: number;
  /** About how many bytes these take. */
  readonly unflushedBytes: number;
  /**
   * Makes what was applied survive a crash of this process.
   * @throws FatalError with STATE_UNWRITABLE where the disk takes no more, and from then on: nothing is
   * written over a gap.
   */
  flush(): Promise<void>;
  /** Forgets everything, position too. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
