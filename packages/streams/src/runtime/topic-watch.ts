// Watches topics while the application runs: partitions that are added to an input have tasks too, and
// outputs are written to the partitions that they have now.
import type { KafkaPort } from '@activity/kafka';

/** What a {@link TopicWatch} works on. */
export interface TopicWatchOptions {
  kafka: Pick<KafkaPort, 'describeTopics'>;
  inputs: readonly string[];
  /** The topics that patterns match now, and those of the assignment; undefined without patterns. */
  patterns:
    | { matching: () => Promise<readonly string[]>; assigned: () => readonly string[] | undefined }
    | undefined;
  /** The topics that are written to; see {@link outputsToLookAt}. */
  outputs: () => readonly string[];
  intervalMs: number;
  /** An input has another number of partitions than before. */
  onInputs: (topics: string[]) => void;
  /** How many partitions an output has. */
  onOutput: (topic: string, partitions: number) => void;
}

/**
 * The topics whose partitions are looked up: those that are written to, and those of sinks that are not known
 * yet. The first look comes before the first record: what is written to a topic that is not known waits for
 * the commit as objects. A repartition topic keeps the partitions that the plan has given it.
 */
export function outputsToLookAt({
  sinks,
  known,
  isRepartition,
}: {
  sinks: readonly string[];
  known: readonly string[];
  isRepartition: (topic: string) => boolean;
}): string[] {
  const unknown = sinks.filter((topic) => !known.includes(topic));
  return [...unknown, ...known.filter((topic) => !isRepartition(topic))];
}

/** See the top of this file. */
export class TopicWatch {
  readonly #options: TopicWatchOptions;
  readonly #counts = new Map<string, number>();
  #matching: readonly string[] | undefined;
  #next = 0;
  #looking: Promise<void> | undefined;

  constructor(options: TopicWatchOptions) {
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

  /** Looks at the next turn: something has failed that may be another number of partitions. */
  lookSoon(): void {
    this.#next = 0;
  }

  async close(): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { kafka, outputs, onInputs, onOutput } = this.#options;
    const changed = await this.#lookAtPatterns();
    const inputs = [...this.#options.inputs, ...(this.#matching ?? [])];
    const written = new Set(outputs());
    // What is not there now keeps the number of partitions that it had: it may be there again in a moment.
    const described = await kafka.describeTopics([...new Set([...inputs, ...written])]);
    for (const name of inputs) {
      const partitions = described.get(name)?.partitions;
      if (partitions === undefined) continue;
      const before = this.#counts.get(name);
      if (before !== undefined && before !== partitions) changed.push(name);
      this.#counts.set(name, partitions);
    }
    for (const name of written) {
      const partitions = described.get(name)?.partitions;
      if (partitions !== undefined) onOutput(name, partitions);
    }
    if (changed.length > 0) onInputs(changed);
  }

  /** The topics that patterns match since the last look, or no longer do. */
  async #lookAtPatterns(): Promise<string[]> {
    const { patterns } = this.#options;
    if (!patterns) return [];
    const before = this.#matching ?? patterns.assigned();
    const matching = await patterns.matching();
    this.#matching = matching;
    // The first look may come before the first assignment. It only notes the topics and their partitions.
    if (!before) return [];
    return [
      ...matching.filter((topic) => !before.includes(topic)),
      ...before.filter((topic) => !matching.includes(topic)),
    ];
  }
}
