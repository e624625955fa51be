// Where a task begins to read: at what is committed, or where the application says that a new one begins.
import { partitionName, type CommittedOffset, type KafkaPort, type TopicPartition } from '@activity/kafka';
import { readOffsetMetadata } from './offset-metadata.ts';

/** What {@link StartPositions} works on. */
export interface StartPositionsOptions {
  kafka: Pick<KafkaPort, 'stableOffsets' | 'describeTopics' | 'listOffsets'>;
  groupId: string;
  offsetReset: 'earliest' | 'latest';
  /** Whether a topic is one of the application's repartition topics. */
  isRepartition: (topic: string) => boolean;
  log: (level: 'error', message: string, details?: object) => void;
}

/** Where to read a partition from. */
export interface StartOffset extends CommittedOffset {
  /** It was chosen and not committed yet, and another choice would be another offset: the next commit must hold it. */
  uncommitted?: boolean;
}

/** Where input partitions are read from. */
export interface Starts {
  /** One for each partition whose committed offset is final. */
  offsets: StartOffset[];
  /** Partitions whose committed offset a transaction holds that is still open: ask for them again. */
  unstable: TopicPartition[];
  /** The id of each input topic. */
  topicIds: ReadonlyMap<string, string>;
}

/** See the top of this file. */
export class StartPositions {
  readonly #options: StartPositionsOptions;
  /** Offsets that were chosen and may not be committed yet: a choice of "latest" must not be made twice. */
  readonly #chosen = new Map<string, number>();
  /** Where reading went on instead of at an offset that is committed. Records may be written up to that offset since. */
  readonly #instead = new Map<string, { committed: number; offset: number }>();

  constructor(options: StartPositionsOptions) {
    this.#options = options;
  }

  /** Finds where to read each partition from. */
  async find(asked: readonly TopicPartition[]): Promise<Starts> {
    const { kafka, groupId } = this.#options;
    const committed = await kafka.stableOffsets(groupId, asked);
    const unstable = new Set(
      committed.unstable.map(({ topic, partition }) => partitionName(topic, partition)),
    );
    const inputs = asked.filter(({ topic, partition }) => !unstable.has(partitionName(topic, partition)));
    const known = new Map(
      committed.offsets.map((offset) => [partitionName(offset.topic, offset.partition), offset]),
    );
    const [firsts, ends, described] = await Promise.all([
      kafka.listOffsets(inputs, 'earliest'),
      kafka.listOffsets(inputs, 'latest'),
      kafka.describeTopics([...new Set(inputs.map(({ topic }) => topic))]),
    ]);
    const topicIds = new Map([...described.values()].map(({ name, id }) => [name, id]));
    const offsets = inputs.map(({ topic, partition }): StartOffset => {
      const name = partitionName(topic, partition);
      const first = firsts.get(name) ?? 0;
      const end = ends.get(name) ?? first;
      const found = known.get(name);
      if (!found) return { topic, partition, ...this.#choose(topic, name, first, end), metadata: '' };
      this.#chosen.delete(name);
      const bounds = { first, end, topicId: topicIds.get(topic) };
      const offset = this.#goOn(name, found, bounds);
      return { ...found, offset, uncommitted: offset < found.offset };
    });
    return { offsets, unstable: committed.unstable, topicIds };
  }

  /** Offsets were committed: what was chosen before no longer matters. */
  committed(offsets: readonly TopicPartition[]): void {
    for (const { topic, partition } of offsets) this.#instead.delete(partitionName(topic, partition));
  }

  #choose(topic: string, name: string, first: number, end: number): { offset: number; uncommitted: boolean } {
    // What another instance has written to a repartition topic is a part of what was read already: none of it is skipped.
    const latest = this.#options.offsetReset === 'latest' && !this.#options.isRepartition(topic);
    const chosen = this.#chosen.get(name) ?? (latest ? end : first);
    this.#chosen.set(name, chosen);
    return { offset: Math.max(chosen, first), uncommitted: latest };
  }

  #goOn(
    name: string,
    { offset, metadata }: CommittedOffset,
    { first, end, topicId }: { first: number; end: number; topicId: string | undefined },
  ): number {
    const { log } = this.#options;
    if (offset < first) {
      const lost = { from: offset, to: first - 1 };
      log('error', `${name}: input was deleted before it was processed; going on from what is left`, lost);
      return first;
    }
    const instead = this.#instead.get(name);
    if (instead?.committed === offset) return Math.max(instead.offset, first);
    this.#instead.delete(name);
    const committedIn = readOffsetMetadata(metadata).topicId;
    const isAnother = committedIn !== undefined && topicId !== undefined && committedIn !== topicId;
    if (offset <= end && !isAnother) return offset;
    if (committedIn !== undefined && !isAnother) {
      const lost = { committed: offset, end };
      log('error', `${name}: the broker has lost records that were processed; going on from its end`, lost);
      return this.#goOnAt(name, offset, end);
    }
    log(
      'error',
      `${name} ends at ${end}, and ${offset} was committed: it is a new topic, or its records are lost`,
    );
    return this.#goOnAt(name, offset, this.#options.offsetReset === 'earliest' ? first : end);
  }

  #goOnAt(name: string, committed: number, offset: number): number {
    this.#instead.set(name, { committed, offset });
    return offset;
  }
}
