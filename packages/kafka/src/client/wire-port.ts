// The port over the client's wire calls: what `start()` uses against a real broker.
import { FatalError, RetriableError } from '../errors.ts';
import { isRefusal } from '../rights.ts';
import { Cluster, defaultRetryMs, retrying } from './cluster.ts';
import { WireFetcher } from './fetcher.ts';
import { groupAdmin } from './group-admin.ts';
import { WireGroupMember } from './group-member.ts';
import type { EpochStart } from '../format/read-batches.ts';
import { defaultMaxUnpackedBytes } from '../format/unpack-budget.ts';
import type { Link } from './link.ts';
import type { SecurityOptions } from './security.ts';
import {
  partitionName,
  type CommittedOffset,
  type KafkaPort,
  type NewTopic,
  type StableOffsets,
  type TopicDescription,
  type TopicPartition,
  type TopicSetting,
} from './port.ts';
import { brokerErrors, errorName, partialAnswer, remedyOfName } from './remedies.ts';
import { TransactionWriter } from './transaction-writer.ts';
import { wire } from './wire.ts';

/** How to reach Kafka. */
export interface KafkaOptions {
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  clientId: string;
  /** Milliseconds until a request that was not answered fails. */
  requestTimeoutMs?: number;
  /**
   * How long a call is tried again whose failure passes, in milliseconds.
   * @default 30_000
   */
  retryForMs?: number;
  /**
   * What a compressed batch may become when it is unpacked, and so all batches of one fetch, in bytes; a
   * record counts 128 bytes more. A larger batch ends the read with BATCH_TOO_LARGE.
   * @default 128 * 1024 * 1024
   */
  maxUnpackedBytes?: number;
  security?: SecurityOptions;
}

/** How long a broker may take to delete what it is asked to, in milliseconds. */
const deletionMs = 30_000;

interface CreatedTopics {
  topics: { name: string; errorCode: number; errorMessage: string | null }[];
}

interface FetchedOffsets {
  groups: {
    topics: {
      name: string;
      partitions: {
        partitionIndex: number;
        committedOffset: bigint;
        committedLeaderEpoch: number;
        metadata: string | null;
        errorCode: number;
      }[];
    }[];
    errorCode: number;
  }[];
}

/** Kafka's numbers: a resource that is a topic, and a setting that was set on its topic. */
const topicResource = 2 as const;
const topicSource = 1;

/** Refusals to create a topic that pass: the controller is being elected, or slow. */
const passing = new Set([
  'NOT_CONTROLLER',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'THROTTLING_QUOTA_EXCEEDED',
]);

/** Whether all that an answer refuses are offsets that an open transaction holds. */
function isUnstable({ groups }: FetchedOffsets): boolean {
  return groups.every(
    ({ errorCode, topics }) =>
      errorCode === 0 &&
      topics.every(({ partitions }) =>
        partitions.every((p) => [null, 'UNSTABLE_OFFSET_COMMIT'].includes(errorName(p.errorCode))),
      ),
  );
}

/** Opens the port. Nothing is connected until it is used. */
export function createKafka(options: KafkaOptions): KafkaPort {
  const { retryForMs = defaultRetryMs, maxUnpackedBytes = defaultMaxUnpackedBytes } = options;
  const cluster = new Cluster({
    brokers: options.brokers,
    clientId: options.clientId,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    security: options.security ?? {},
  });

  const members: WireGroupMember[] = [];

  async function describeTopics(topics: readonly string[]): Promise<Map<string, TopicDescription>> {
    await retrying(retryForMs, () => cluster.refresh(topics));
    const found = new Map<string, TopicDescription>();
    for (const name of topics) {
      const partitions = cluster.partitions(name);
      if (partitions !== undefined) found.set(name, { name, id: cluster.topicId(name), partitions });
    }
    return found;
  }

  async function topicSettings(topics: readonly string[], names: readonly string[]): Promise<TopicSetting[]> {
    const asked = topics.map((resourceName) => ({
      resourceType: topicResource,
      resourceName,
      configurationKeys: [...names],
    }));
    const { results } = await retrying(retryForMs, () =>
      cluster.onAnyBroker((link) =>
        link.call(`reading settings of ${topics.join(', ')}`, wire.describeConfigs, asked),
      ),
    );
    return results.flatMap(({ resourceName, configs }) =>
      configs.map(({ name, value, configSource }) => ({
        topic: resourceName,
        name,
        value: value ?? null,
        own: configSource === topicSource,
      })),
    );
  }

  async function createTopics(topics: readonly NewTopic[]): Promise<void> {
    const requests = topics.map(({ name, partitions, replicationFactor, config }) => ({
      name,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    }));
    await retrying(retryForMs, async () => {
      const { topics: results } = await cluster.onAnyBroker((link) =>
        link
          .call('creating topics', wire.createTopics, requests, 10_000, false)
          .catch((error: unknown): CreatedTopics => {
            const answer = partialAnswer<CreatedTopics>(error);
            if (answer) return answer;
            throw error;
          }),
      );
      for (const { name, errorCode, errorMessage } of results) {
        const error = errorName(errorCode);
        if (error === null || error === 'TOPIC_ALREADY_EXISTS') continue;
        if (isRefusal(error))
          throw remedyOfName(error, `creating topic ${name}`, { operation: 'Create', topics: [name] });
        const message = `creating topic ${name}: ${errorMessage ?? error}`;
        if (passing.has(error)) throw new RetriableError('BROKER_REFUSED', message);
        throw new FatalError('BROKER_REFUSED', message);
      }
    });
    // The broker knows of a topic a moment before clients are told of it.
    const names = topics.map(({ name }) => name);
    await retrying(retryForMs, async () => {
      await cluster.refresh(names);
      const unseen = names.filter((name) => cluster.partitions(name) === undefined);
      if (unseen.length > 0)
        throw new RetriableError('TOPIC_UNKNOWN', `waiting for topics ${unseen.join(', ')}`);
    });
  }

  async function readOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<StableOffsets> {
    const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, asked]) => ({
      name,
      partitionIndexes: asked.map(({ partition }) => partition),
    }));
    // requireStable: an offset inside an open transaction is refused until that transaction has ended.
    const { groups } = await cluster.onCoordinator('group', groupId, (link) =>
      link
        .call(
          `reading the offsets of group ${groupId}`,
          wire.offsetFetch,
          [{ groupId, memberId: null, memberEpoch: -1, topics }],
          true,
        )
        .catch((error: unknown): FetchedOffsets => {
          const answer = partialAnswer<FetchedOffsets>(error);
          if (answer && isUnstable(answer)) return answer;
          throw error;
        }),
    );
    const found: StableOffsets = { offsets: [], unstable: [] };
    for (const { name, partitions: answers } of groups[0]?.topics ?? []) {
      for (const answer of answers) {
        const { committedOffset, committedLeaderEpoch } = answer;
        const place = { topic: name, partition: answer.partitionIndex };
        if (answer.errorCode !== 0) found.unstable.push(place);
        if (answer.errorCode !== 0 || committedOffset < 0n) continue;
        const leaderEpoch = committedLeaderEpoch < 0 ? undefined : committedLeaderEpoch;
        const metadata = answer.metadata ?? '';
        found.offsets.push({ ...place, offset: Number(committedOffset), leaderEpoch, metadata });
      }
    }
    return found;
  }

  function stableOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<StableOffsets> {
    return retrying(retryForMs, () => readOffsets(groupId, partitions));
  }

  async function committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<CommittedOffset[]> {
    return retrying(retryForMs * 3, async () => {
      const { offsets, unstable } = await readOffsets(groupId, partitions);
      if (unstable.length === 0) return offsets;
      const names = unstable.map(({ topic, partition }) => partitionName(topic, partition)).join(', ');
      const text = `reading the offsets of group ${groupId}: an open transaction holds those of ${names}`;
      throw new RetriableError('TIMED_OUT', text);
    });
  }

  /** Calls the leaders of partitions, each for those it leads. */
  async function onLeaders<P extends TopicPartition>(
    partitions: readonly P[],
    call: (link: Link, topics: Map<string, P[]>) => Promise<void>,
  ): Promise<void> {
    if (partitions.length === 0) return;
    await retrying(retryForMs, async () => {
      const topics = [...new Set(partitions.map(({ topic }) => topic))];
      for (const [leader, led] of await cluster.leaders(partitions)) {
        const asked = Map.groupBy(led, ({ topic }) => topic);
        await call(cluster.link(leader, 'admin'), asked).catch((error: unknown) => {
          cluster.forget(topics);
          throw error;
        });
      }
    });
  }

  async function offsetsAt(
    times: readonly (TopicPartition & { timestamp: number })[],
  ): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    await onLeaders(times, async (link, asked) => {
      const request = [...asked].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, timestamp }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: -1,
          timestamp: BigInt(timestamp),
        })),
      }));
      const { topics } = await link.call('listing offsets', wire.listOffsets, -1, 0, request);
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, offset } of partitions) {
          if (offset >= 0n) found.set(partitionName(name, partitionIndex), Number(offset));
        }
      }
    });
    return found;
  }

  async function endsOfEpochs(
    positions: readonly (TopicPartition & EpochStart)[],
  ): Promise<Map<string, EpochStart>> {
    const found = new Map<string, EpochStart>();
    await onLeaders(positions, async (link, asked) => {
      const request = [...asked].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, leaderEpoch }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: -1,
          leaderEpoch,
        })),
      }));
      const doing = 'asking where leader epochs end';
      const { topics } = await link.call(doing, wire.offsetForLeaderEpoch, -1, request);
      for (const { topic, partitions } of topics) {
        for (const { partition, leaderEpoch, endOffset } of partitions) {
          if (endOffset < 0n) continue;
          found.set(partitionName(topic, partition), { offset: Number(endOffset), leaderEpoch });
        }
      }
    });
    return found;
  }

  function listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest',
  ): Promise<Map<string, number>> {
    const timestamp = at === 'earliest' ? -2 : -1;
    return offsetsAt(partitions.map((partition) => ({ ...partition, timestamp })));
  }

  function deleteRecords(before: readonly (TopicPartition & { offset: number })[]): Promise<void> {
    return onLeaders(before, async (link, asked) => {
      const request = [...asked].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, offset }) => ({
          partitionIndex: partition,
          offset: BigInt(offset),
        })),
      }));
      await link.call('deleting records of internal topics', wire.deleteRecords, request, deletionMs);
    });
  }

  async function deleteTopics(topics: readonly string[]): Promise<string[]> {
    const there = [...(await describeTopics(topics)).keys()];
    if (there.length === 0) return [];
    const requests = there.map((name) => ({ name }));
    await retrying(retryForMs, () =>
      cluster.onAnyBroker((link) =>
        link.call('deleting topics', wire.deleteTopics, requests, deletionMs).catch((error: unknown) => {
          // A broker that could not be reached any more may have deleted them.
          if (brokerErrors(error).some((name) => name !== 'UNKNOWN_TOPIC_OR_PARTITION')) throw error;
          if (brokerErrors(error).length === 0) throw error;
        }),
      ),
    );
    cluster.forget(there);
    return there;
  }

  return {
    describeTopics,
    listTopics: () => retrying(retryForMs, () => cluster.listTopics()),
    topicSettings,
    createTopics,
    committedOffsets,
    stableOffsets,
    listOffsets,
    offsetsForTimes: offsetsAt,
    endsOfEpochs,
    deleteRecords,
    ...groupAdmin(cluster, retryForMs),
    deleteTopics,
    createFetcher: () => new WireFetcher(cluster, maxUnpackedBytes),
    createWriter: (writerOptions) => new TransactionWriter(cluster, writerOptions),
    createMember(groupOptions) {
      const member = new WireGroupMember(cluster, groupOptions);
      members.push(member);
      return member;
    },
    async close() {
      // Their owners leave the group, where that is wanted, before they close the port.
      await Promise.all(members.map((member) => member.close({ leave: false })));
      await cluster.close();
    },
  };
}
