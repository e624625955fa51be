// Where a task begins to read: at what is committed, or where the application says that a new one begins.
import {
  partitionName,
  type CommittedOffset,
  type EpochStart,
  type KafkaPort,
  type TopicPartition,
} from '@activity/kafka';
import { milliseconds } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import type { OffsetReset } from '../api/offset-reset.ts';
import { readOffsetMetadata } from './offset-metadata.ts';

/** What {@link StartPositions} works on. */
export interface StartPositionsOptions {
  kafka: Pick<
    KafkaPort,
    'stableOffsets' | 'describeTopics' | 'listOffsets' | 'offsetsForTimes' | 'endsOfEpochs'
  >;
  groupId: string;
  /** The offset reset of a topic. */
  resetOf: (topic: string) => OffsetReset;
  /** The time of day in epoch milliseconds. */
  now: () => number;
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
  /** Where reading begins without an offset; undefined where that ends the application. */
  reset: number | undefined;
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
    const [firsts, ends, times, epochs, described] = await Promise.all([
      kafka.listOffsets(inputs, 'earliest'),
      kafka.listOffsets(inputs, 'latest'),
      this.#offsetsByDuration(inputs),
      withEpoch.length === 0 ? new Map<string, EpochStart>() : kafka.endsOfEpochs(withEpoch),
      kafka.describeTopics([...new Set(inputs.map(({ topic }) => topic))]),
    ]);
    const topicIds = new Map([...described.values()].map(({ name, id }) => [name, id]));
    const offsets = inputs.map(({ topic, partition }): StartOffset => {
      const name = partitionName(topic, partition);
      const first = firsts.get(name) ?? 0;
      const end = ends.get(name) ?? first;
      const found = known.get(name);
      const reset = { earliest: first, latest: end, none: undefined, byDuration: times.get(name) ?? end }[
        kindOf(this.#options.resetOf(topic))
      ];
      if (!found) return { topic, partition, ...this.#choose(topic, name, first, reset), metadata: '' };
      this.#chosen.delete(name);
      const bounds = { first, end, reset, epochEnd: epochs.get(name), topicId: topicIds.get(topic) };
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

  /** Where the records of a time ago begin, in partitions whose reset is by duration. */
  async #offsetsByDuration(partitions: readonly TopicPartition[]): Promise<Map<string, number>> {
    const { kafka, resetOf, now } = this.#options;
    const times = partitions.flatMap(({ topic, partition }) => {
      const reset = resetOf(topic);
      if (typeof reset !== 'object') return [];
      return [{ topic, partition, timestamp: Math.max(0, now() - milliseconds(reset.byDuration)) }];
    });
    return times.length === 0 ? new Map() : kafka.offsetsForTimes(times);
  }

  #choose(
    topic: string,
    name: string,
    first: number,
    reset: number | undefined,
  ): { offset: number; uncommitted: boolean } {
    const chosen = this.#chosen.get(name) ?? reset ?? noOffset(`${name} has no committed offset`);
    this.#chosen.set(name, chosen);
    return { offset: Math.max(chosen, first), uncommitted: this.#options.resetOf(topic) !== 'earliest' };
  }

  #goOn(name: string, committed: CommittedOffset, bounds: Bounds): Start {
    const { offset, leaderEpoch } = committed;
    const { first, reset, epochEnd } = bounds;
    if (offset < first) {
      if (reset === undefined) noOffset(`${name} begins at ${first}, and ${offset} was committed`);
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
    { end, reset, epochEnd, topicId }: Bounds,
  ): Start | undefined {
    const { log } = this.#options;
    const committedIn = readOffsetMetadata(metadata).topicId;
    const isAnother = committedIn !== undefined && topicId !== undefined && committedIn !== topicId;
    const hasLost = !isAnother && epochEnd !== undefined && epochEnd.offset < offset;
    if (hasLost || (offset > end && committedIn !== undefined && !isAnother)) {
      const start = hasLost ? epochEnd : { offset: end };
      const what = `${name}: the broker has lost records that were processed`;
      if (reset === undefined) noOffset(what);
      const text = `${what}; going on after those that it has kept`;
      log('error', text, { committed: offset, from: start.offset });
      return start;
    }
    if (offset <= end && !isAnother) return undefined;
    const text = `${name} ends at ${end}, and ${offset} was committed: it is a new topic, or its records are lost`;
    if (reset === undefined) noOffset(text);
    log('error', text);
    return { offset: reset };
  }
}

function kindOf(reset: OffsetReset): 'earliest' | 'latest' | 'none' | 'byDuration' {
  return typeof reset === 'object' ? 'byDuration' : reset;
}

/** @throws FatalError with OFFSET_MISSING. */
function noOffset(what: string): never {
  throw new FatalError(
    'OFFSET_MISSING',
    `${what}, and its offsetReset is 'none': commit an offset with the reset tool, or choose another offsetReset`,
  );
}
