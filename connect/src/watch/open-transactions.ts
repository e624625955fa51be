// How long the oldest open transaction of each partition has held back those who read only what is committed.

/** The ends of one partition. */
export interface PartitionEnds {
  topic: string;
  partition: number;
  /** The first offset that belongs to an open transaction; the end where none is open. */
  stable: number;
  /** The end of the partition, asked for after `stable`. */
  high: number;
}

/**
 * Notices transactions that stay open. A stable offset that is before the end and has not moved since the
 * last look belongs to the same transaction: an open one is known to be that old, at least.
 */
export class OpenTransactions {
  readonly #since = new Map<string, { stable: number; at: number }>();

  /**
   * Takes one look, at `now` milliseconds, and returns the age of the oldest open transaction of each topic;
   * 0 for none.
   */
  look(partitions: readonly PartitionEnds[], now: number): Map<string, number> {
    const ages = new Map<string, number>();
    for (const { topic, partition, stable, high } of partitions) {
      const name = `${topic} ${partition}`;
      let known = this.#since.get(name);
      if (stable >= high) {
        this.#since.delete(name);
        known = undefined;
      } else if (known?.stable !== stable) {
        known = { stable, at: now };
        this.#since.set(name, known);
      }
      const age = known === undefined ? 0 : now - known.at;
      ages.set(topic, Math.max(ages.get(topic) ?? 0, age));
    }
    return ages;
  }
}
