// Watches the input topics: partitions that are added while the application runs have tasks too.
import type { KafkaPort } from '@activity/kafka';

/** What an {@link InputWatch} works on. */
export interface InputWatchOptions {
  kafka: Pick<KafkaPort, 'describeTopics'>;
  topics: readonly string[];
  intervalMs: number;
  /** A topic has another number of partitions than before. */
  onChange: (topics: string[]) => void;
}

/** See the top of this file. */
export class InputWatch {
  readonly #options: InputWatchOptions;
  readonly #counts = new Map<string, number>();
  #next = 0;
  #looking: Promise<void> | undefined;

  constructor(options: InputWatchOptions) {
    this.#options = options;
  }

  /** Looks when the interval has passed, in the background. */
  run(): void {
    if (this.#looking || performance.now() < this.#next) return;
    this.#next = performance.now() + this.#options.intervalMs;
    this.#looking = this.#look()
      // Whoever reads or writes these topics reports what is wrong with the broker.
      .catch(() => {})
      .finally(() => (this.#looking = undefined));
  }

  async close(): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    await this.#looking;
  }

  async #look(): Promise<void> {
    const described = await this.#options.kafka.describeTopics(this.#options.topics);
    const changed: string[] = [];
    for (const { name, partitions } of described.values()) {
      const before = this.#counts.get(name);
      if (before !== undefined && before !== partitions) changed.push(name);
      this.#counts.set(name, partitions);
    }
    if (changed.length > 0) this.#options.onChange(changed);
  }
}
