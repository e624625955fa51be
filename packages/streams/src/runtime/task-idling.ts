// Whether a task waits for input partitions that are empty here, so that it takes records of all in the order
// of their times. Source: Kafka Streams' PartitionGroup and `max.task.idle.ms`.
import type { RecordQueue } from './record-queue.ts';

type EmptyQueue = Pick<RecordQueue, 'unfetched'>;

/** See the top of this file. */
export class TaskIdling {
  readonly #maxIdleMs: number;
  readonly #now: () => number;
  #since: number | undefined;

  /**
   * 0: waits for records that the broker has. More: waits so long too for those that it has not yet, in
   * milliseconds. Negative: never waits.
   */
  constructor(maxIdleMs: number, now: () => number = () => performance.now()) {
    this.#maxIdleMs = maxIdleMs;
    this.#now = now;
  }

  /** Whether the task waits, with these partitions empty while others have records. */
  waitsFor(empty: readonly EmptyQueue[] = []): boolean {
    if (this.#maxIdleMs < 0) return false;
    if (empty.length === 0) {
      this.#since = undefined;
      return false;
    }
    // What the broker has of a partition is not known before the first fetch.
    if (empty.some(({ unfetched }) => unfetched !== 0)) return true;
    if (this.#maxIdleMs === 0) return false;
    this.#since ??= this.#now();
    return this.#now() - this.#since < this.#maxIdleMs;
  }
}
