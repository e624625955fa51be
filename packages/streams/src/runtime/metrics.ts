// What the runtime counts. The registry of a metrics library stands behind this; tests count by hand.

import type { CallCounts } from './step-calls.ts';

/**
 * Called by the runtime as things happen; stand a metrics library behind it. Calls from worker threads are
 * gathered and repeated in the calling thread twice a second. Durations in milliseconds. A method must not
 * throw.
 */
export interface RuntimeMetrics {
  /** A task has processed a batch of records. */
  processed(taskId: string, records: number, durationMs: number): void;
  /**
   * A record was dropped: `null-key`, `null-key-or-value`, `invalid-timestamp`, `duplicate`, `<stage>-failed`
   * (by `continue`), or a processor's own reason.
   */
  dropped(taskId: string, reason: string): void;
  /** A record was too late for all windows of one step. */
  late(taskId: string): void;
  /** A record went to the dead-letter topic; the reason is the error's name, or what a processor said. */
  deadLettered(taskId: string, reason: string): void;
  /** What has become of the calls of a step that awaits, since this was called for it last. */
  called(taskId: string, step: string, calls: CallCounts): void;
  /** A commit has ended well: its input records, the bytes written, the time from its beginning. */
  committed(records: number, bytes: number, durationMs: number): void;
  /** The thread went back to the last commit, for an error of this code. */
  commitFailed(code: string): void;
  /** A fetch has brought this number of records. */
  polled(records: number): void;
  /** How many records of a partition were not processed yet at its last fetch. */
  lag(topic: string, partition: number, records: number): void;
  /** A store has read records of its changelog; `remaining` offsets are left. */
  restored(taskId: string, store: string, records: number, remaining: number): void;
  /** The thread takes part in a rebalance. */
  rebalanced(): void;
  /**
   * The size of a store, now and then: entries, and bytes (of keys and values in memory, of pages on disk).
   */
  state(taskId: string, store: string, entries: number, bytes: number): void;
}

/**
 * Counts nothing.
 * @example createStreams({ …, metrics: { ...noMetrics, late: (task) => lateRecords.inc({ task }) } })
 */
export const noMetrics: RuntimeMetrics = {
  processed() {},
  dropped() {},
  late() {},
  deadLettered() {},
  called() {},
  committed() {},
  commitFailed() {},
  polled() {},
  lag() {},
  restored() {},
  rebalanced() {},
  state() {},
};
