// The purger: deletes from internal topics what nobody will read again: of repartition topics what was
// committed, of changelogs of expiring state what has expired by stream time. Retention by time would compare
// with the time of day, and delete the state of old events while it is needed.
import { partitionName, type CommittedOffset, type KafkaPort, type TopicPartition } from '@activity/kafka';
import { Interval } from './interval.ts';
import type { Task } from './task.ts';

/** What a purger works on. Times in milliseconds. */
export interface PurgerOptions {
  kafka: Pick<KafkaPort, 'offsetsForTimes' | 'deleteRecords'>;
  /** Whether a topic is one of the application's repartition topics. */
  isRepartition: (topic: string) => boolean;
  intervalMs: number;
  now: () => number;
  log: (level: 'warn', message: string, details: object) => void;
}

/**
 * See the top of this file. What is deleted was of no use whoever owns its task by now, so nothing is fenced.
 */
export class Purger {
  readonly #options: PurgerOptions;
  /** By partition: what was committed of repartition topics, and what of it has been deleted. */
  readonly #committed = new Map<string, CommittedOffset>();
  readonly #deleted = new Map<string, number>();
  readonly #interval: Interval;
  #running: Promise<void> | undefined;

  constructor(options: PurgerOptions) {
    this.#options = options;
    this.#interval = new Interval(options.intervalMs, options.now());
  }

  /** Takes note of a commit. */
  committed(offsets: readonly CommittedOffset[]): void {
    for (const offset of offsets) {
      if (!this.#options.isRepartition(offset.topic)) continue;
      this.#committed.set(partitionName(offset.topic, offset.partition), offset);
    }
  }

  /**
   * Deletes when the interval has passed, in the background. A failure is reported, and tried again an
   * interval later.
   */
  run(tasks: () => readonly Task[]): void {
    const { now, log } = this.#options;
    if (this.#running || !this.#interval.isDue(now())) return;
    this.#interval.restart(now());
    this.#running = this.#purge(tasks())
      .catch((error: unknown) => {
        log('warn', 'deleting used-up records of internal topics failed; it is tried again', { error });
      })
      .finally(() => (this.#running = undefined));
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#running;
  }

  async #purge(tasks: readonly Task[]): Promise<void> {
    const { kafka } = this.#options;
    const expired = tasks.flatMap((task) => task.expired());
    const firstUsed = await kafka.offsetsForTimes(expired);
    const changelogs = expired.map(({ topic, partition, offset }) => {
      // The time finds what was there before this process began; it finds no more than the first marker of a
      // transaction.
      const byTime = firstUsed.get(partitionName(topic, partition)) ?? 0;
      return { topic, partition, offset: Math.max(byTime, offset) };
    });
    const repartitions = [...this.#committed.values()];
    await this.#delete([...changelogs, ...repartitions]);
  }

  async #delete(before: readonly (TopicPartition & { offset: number })[]): Promise<void> {
    const fresh = before.filter(
      ({ topic, partition, offset }) => offset > (this.#deleted.get(partitionName(topic, partition)) ?? 0),
    );
    await this.#options.kafka.deleteRecords(fresh);
    for (const { topic, partition, offset } of fresh)
      this.#deleted.set(partitionName(topic, partition), offset);
  }
}
