// Where a task begins to read: at what is committed, or where the application says that a new one begins.
import {
  partitionName,
  type CommittedOffset,
  type EpochStart,
  type KafkaPort,
  type TopicPartition,
} from '@activity/kafka';
import { readOffsetMetadata } from './offset-metadata.ts';

/** What {@link StartPositions} works on. */
export interface StartPositionsOptions {
  kafka: Pick<KafkaPort, 'stableOffsets' | 'describeTopics' | 'listOffsets' | 'endsOfEpochs'>;
  groupId: string;
  offsetReset: 'earliest' | 'latest';
  /** Whether a topic is one of the application's repartition topics. */
  isRepartition: (topic: string) => boolean;
  log: (level: 'error', message: string, details?: object) => void;
}

/** Where to read a partition from. */
export interface StartOffset extends CommittedOffset {
  /**
   * It was chosen and not committed yet, and another choice would be another offset: the next commit must
   * hold it.
   */
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

type Start = Pick<StartOffset, 'offset' | 'leaderEpoch'>;

/** What the broker has of a partition. */
interface Bounds {
  first: number;
  end: number;
  /** Where the records of the committed leader epoch end; undefined where the broker does not know. */
  epochEnd: EpochStart | undefined;
  topicId: string | undefined;
}

/** See the top of this file. */
export class StartPositions {
  readonly #options: StartPositionsOptions;
  /** Offsets that were chosen and may not be committed yet: a choice of "latest" must not be made twice. */
  readonly #chosen = new Map<string, number>();
  /**
   * Where reading went on instead of at an offset that is committed. Records may be written up to that offset
   * since.
   */
  readonly #instead = new Map<string, { committed: number; start: Start }>();

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
    const withEpoch = committed.offsets.flatMap(({ topic, partition, offset, leaderEpoch }) =>
      leaderEpoch === undefined ? [] : [{ topic, partition, offset, leaderEpoch }],
    );
    const [firsts, ends, epochs, described] = await Promise.all([
      kafka.listOffsets(inputs, 'earliest'),
      kafka.listOffsets(inputs, 'latest'),
      withEpoch.length === 0 ? new Map<string, EpochStart>() : kafka.endsOfEpochs(withEpoch),
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
      const bounds = { first, end, epochEnd: epochs.get(name), topicId: topicIds.get(topic) };
      const start = this.#goOn(name, found, bounds);
      const { metadata } = found;
      return { topic, partition, ...start, metadata, uncommitted: start.offset < found.offset };
    });
    return { offsets, unstable: committed.unstable, topicIds };
  }

  /** Offsets were committed: what was chosen before no longer matters. */
  committed(offsets: readonly TopicPartition[]): void {
    for (const { topic, partition } of offsets) this.#instead.delete(partitionName(topic, partition));
  }

  #choose(topic: string, name: string, first: number, end: number): { offset: number; uncommitted: boolean } {
    // What another instance has written to a repartition topic is a part of what was read already: none of it
    // is skipped.
    const latest = this.#options.offsetReset === 'latest' && !this.#options.isRepartition(topic);
    const chosen = this.#chosen.get(name) ?? (latest ? end : first);
    this.#chosen.set(name, chosen);
    return { offset: Math.max(chosen, first), uncommitted: latest };
  }

  #goOn(name: string, committed: CommittedOffset, bounds: Bounds): Start {
    const { offset, leaderEpoch } = committed;
    const { first, epochEnd } = bounds;
    if (offset < first) {
      const text = `${name}: input was deleted before it was processed; going on from what is left`;
      this.#options.log('error', text, { from: offset, to: first - 1 });
      return { offset: first };
    }
    const known = this.#instead.get(name);
    const instead = known?.committed === offset ? known.start : this.#elsewhere(name, committed, bounds);
    if (instead) {
      this.#instead.set(name, { committed: offset, start: instead });
      return instead.offset < first ? { offset: first } : instead;
    }
    this.#instead.delete(name);
    // An epoch that the broker does not know cannot be compared with what it has.
    return { offset, leaderEpoch: epochEnd && leaderEpoch };
  }

  /**
   * Where to go on instead of at a committed offset; undefined where the records before it are those that
   * were processed.
   */
  #elsewhere(
    name: string,
    { offset, metadata }: CommittedOffset,
    { first, end, epochEnd, topicId }: Bounds,
  ): Start | undefined {
    const { log, offsetReset } = this.#options;
    const committedIn = readOffsetMetadata(metadata).topicId;
    const isAnother = committedIn !== undefined && topicId !== undefined && committedIn !== topicId;
    const hasLost = !isAnother && epochEnd !== undefined && epochEnd.offset < offset;
    if (hasLost || (offset > end && committedIn !== undefined && !isAnother)) {
      const start = hasLost ? epochEnd : { offset: end };
      const text = `${name}: the broker has lost records that were processed; going on after those that it has kept`;
      log('error', text, { committed: offset, from: start.offset });
      return start;
    }
    if (offset <= end && !isAnother) return undefined;
    const text = `${name} ends at ${end}, and ${offset} was committed: it is a new topic, or its records are lost`;
    log('error', text);
    return { offset: offsetReset === 'earliest' ? first : end };
  }
}
