// Committed state: what a task's store holds on this machine, and how far its changelog is in it.
import type { Serialized } from '../serde.ts';

/** A stored value: bytes or text as the serde made it, and its event time. */
export interface Stored {
  readonly data: Serialized;
  readonly timestamp: number;
}

/** One committed change; `stored` undefined deletes. */
export interface StateChange {
  readonly segment: number;
  readonly key: string;
  readonly stored: Stored | undefined;
}

/**
 * The committed part of one store, below the overlays of open transactions. Keys are text; window stores spread
 * them over segments by time, so that old segments are dropped whole; key-value stores use segment 0.
 */
export interface CommittedState {
  /** The next changelog offset that is not yet in here. Survives a crash no further than the entries do. */
  readonly position: number;
  get(segment: number, key: string): Stored | undefined;
  /** Takes in the changes of one commit, and the changelog position after them. */
  apply(changes: Iterable<StateChange>, position: number): void;
  /** All entries of a segment, ordered by key. */
  entries(segment: number): Iterable<readonly [string, Stored]>;
  /** The segments that exist, oldest first. */
  segments(): number[];
  /** Drops all segments before this one. */
  dropSegmentsBefore(segment: number): void;
  /** Number of entries, exact in memory, close on disk. */
  size(): number;
  /** Makes what was applied survive a crash of this process. */
  flush(): Promise<void>;
  /** Forgets everything, position too. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the committed part of a store of a task. */
export interface StateBackend {
  open(options: { taskId: string; store: string; format: 'text' | 'bytes' }): Promise<CommittedState>;
  /** Releases what the backend holds (a lock on its folder, say). */
  close(): Promise<void>;
}
