// Checkpoints: how far the changelog of each store on disk has been read,
// written with the entries themselves.
import type { Database } from './lmdb.ts';

/** What is written beside the entries of a store. */
export interface Checkpoint {
  /** The next changelog offset that is not in the store. */
  readonly position: number;
  /**
   * When that was the end of the store, in epoch milliseconds:
   * tombstones that were written later may be gone.
   */
  readonly writtenAt: number;
  /** The store is being emptied: what is left of its entries is of no use. */
  readonly clearing?: true;
}

/** The checkpoints of a task's stores, by store. */
export type Checkpoints = Database<Checkpoint, string>;

/** A checkpoint that says the same is written again after this time. */
const refreshMs = 600_000;

/** Whether a checkpoint is as good as one that is written now. */
export function isCurrent(checkpoint: Checkpoint | undefined, position: number, now: number): boolean {
  return checkpoint?.position === position && Math.abs(now - checkpoint.writtenAt) < refreshMs;
}
