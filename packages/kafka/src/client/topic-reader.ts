// Reads topics outside of a stream application: what is committed, up to where the topic ends now.
import { defaultRetryMs, retrying } from './cluster.ts';
import type { SecurityOptions } from './security.ts';
import {
  partitionName,
  type KafkaPort,
  type TopicDescription,
  type TopicPartition,
  type TopicSetting,
} from './port.ts';
import { readToEnd, type ReadRecord } from './read-to-end.ts';
import { createKafka } from './wire-port.ts';

export type { ReadRecord } from './read-to-end.ts';

/** How to reach Kafka. */
export interface TopicReaderOptions {
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  /** Seen by the broker in its logs. */
  clientId: string;
  /** What a compressed batch may become when it is unpacked, in bytes. Default 128 MiB. */
  maxUnpackedBytes?: number;
  security?: SecurityOptions;
}

/** One offset of each partition, by topic. */
export type OffsetsByTopic<O = number> = ReadonlyMap<string, readonly O[]>;

/** Reads topics and offsets; for tools and jobs that look at topics now and then. */
export interface TopicReader {
  /** The number of a topic's partitions; undefined where it does not exist. */
  partitions(topic: string): Promise<number | undefined>;
  /** The named settings of topics. Needs DescribeConfigs on each. */
  settings(topics: readonly string[], names: readonly string[]): Promise<TopicSetting[]>;
  /** The first offset of each partition, or the one after the last. */
  offsets(topic: string, at: 'earliest' | 'latest'): Promise<number[]>;
  /** What a group has committed for each partition; undefined where it has not. */
  committed(groupId: string, topic: string): Promise<(number | undefined)[]>;
  /** The id and the number of partitions of those of these topics that exist; one request. */
  describe(topics: readonly string[]): Promise<Map<string, TopicDescription>>;
  /**
   * The offset after the last record of each partition, open transactions included; one request to each
   * broker.
   */
  ends(topics: Iterable<TopicDescription>): Promise<OffsetsByTopic>;
  /** What a group has committed for each partition; one request. */
  positions(groupId: string, topics: Iterable<TopicDescription>): Promise<OffsetsByTopic<number | undefined>>;
  /**
   * The offset of the first committed record of a partition that is not before `from` but before `to`:
   * markers and aborted records are none. `none` where there is no such record, `open` while a transaction in
   * between is open.
   */
  firstRecord(
    place: { topic: string; partition: number },
    from: number,
    to: number,
  ): Promise<number | 'none' | 'open'>;
  /**
   * Every committed record from these offsets (the earliest, unless given) to the end as it is now, each
   * partition in order.
   */
  read(topic: string, from?: readonly number[]): AsyncGenerator<ReadRecord, void, undefined>;
  /** May be called twice. */
  close(): Promise<void>;
}

const firstRecordWaitMs = 50;

async function firstRecord(
  kafka: KafkaPort,
  place: TopicPartition,
  from: number,
  to: number,
): Promise<number | 'none' | 'open'> {
  const earliest = (await kafka.listOffsets([place], 'earliest')).get(
    partitionName(place.topic, place.partition),
  );
  const fetcher = kafka.createFetcher();
  try {
    let offset = Math.max(from, earliest ?? 0);
    while (offset < to) {
      const wanted = [{ ...place, offset }];
      const [fetched] = await retrying(defaultRetryMs, async () => fetcher.fetch(wanted, firstRecordWaitMs));
      if (fetched === undefined) return 'open';
      const first = fetched.records.find((record) => record.offset >= offset);
      if (first !== undefined) return first.offset < to ? first.offset : 'none';
      if (fetched.nextOffset <= offset) return 'open';
      offset = fetched.nextOffset;
    }
    return 'none';
  } finally {
    await fetcher.close();
  }
}

function placesOf(topics: Iterable<TopicDescription>): TopicPartition[] {
  return [...topics].flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
  );
}

/**
 * Opens a reader; nothing is connected until it is used. It joins no group, and leaves nothing behind.
 * @example
 * const reader = openTopicReader({ brokers: ['127.0.0.1:9092'], clientId: 'look' });
 * for await (const { offset, value } of reader.read('words')) console.log(offset, value?.toString());
 * await reader.close();
 */
export function openTopicReader(options: TopicReaderOptions): TopicReader {
  const kafka = createKafka(options);

  async function partitions(topic: string): Promise<number | undefined> {
    return (await kafka.describeTopics([topic])).get(topic)?.partitions;
  }

  async function placesIn(topic: string): Promise<TopicPartition[]> {
    return placesOf((await kafka.describeTopics([topic])).values());
  }

  async function offsets(topic: string, at: 'earliest' | 'latest'): Promise<number[]> {
    const places = await placesIn(topic);
    const found = await kafka.listOffsets(places, at);
    return places.map(({ partition }) => found.get(partitionName(topic, partition)) ?? 0);
  }

  return {
    partitions,
    settings: (topics, names) => kafka.topicSettings(topics, names),
    offsets,
    async committed(groupId, topic) {
      const places = await placesIn(topic);
      const found = await kafka.committedOffsets(groupId, places);
      return places.map((place) => found.find(({ partition }) => partition === place.partition)?.offset);
    },
    describe: (topics) => kafka.describeTopics(topics),
    async ends(topics) {
      const described = [...topics];
      const found = await kafka.listOffsets(placesOf(described), 'latest');
      return byTopic(described, (name, partition) => found.get(partitionName(name, partition)) ?? 0);
    },
    async positions(groupId, topics) {
      const described = [...topics];
      const committed = await kafka.committedOffsets(groupId, placesOf(described));
      const found = new Map(
        committed.map(({ topic, partition, offset }) => [partitionName(topic, partition), offset]),
      );
      return byTopic(described, (name, partition) => found.get(partitionName(name, partition)));
    },
    firstRecord: (place, from, to) => firstRecord(kafka, place, from, to),
    async *read(topic, from) {
      const ends = await offsets(topic, 'latest');
      const starts = from ?? (await offsets(topic, 'earliest'));
      yield* readToEnd(
        kafka,
        starts.map((offset, partition) => ({ topic, partition, offset })),
        ends,
      );
    },
    close: () => kafka.close(),
  };
}

function byTopic<O>(
  topics: readonly TopicDescription[],
  offsetOf: (topic: string, partition: number) => O,
): OffsetsByTopic<O> {
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      Array.from({ length: partitions }, (_, partition) => offsetOf(name, partition)),
    ]),
  );
}
