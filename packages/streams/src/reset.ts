// Starts an application again, or lets its next start go on elsewhere. Source: Kafka Streams' application
// reset tool.
import { type KafkaPort, type SecurityOptions, createKafka } from '@activity/kafka';
import { FatalError } from './api/errors.ts';
import { resetOffsets, type ResetOffset, type ResetPosition } from './reset/positions.ts';
import { internalTopics } from './runtime/internal-topics.ts';
import { checkTopicPrefix } from './runtime/internal-topic-settings.ts';
import { topicNames } from './runtime/topic-names.ts';
import { readTopology, type TopologyModule } from './runtime/topology-module.ts';
import { isInternalTopic, resolveNow } from './runtime/topic-patterns.ts';
import type { Topology } from './topology/topology.ts';

/** Which application to reset, and how. */
export interface ResetOptions {
  /** As it was given to `createStreams`, and so are `brokers`, `security` and `topology`. */
  applicationId: string;
  brokers: readonly string[];
  security?: SecurityOptions;
  /**
   * Names the internal topics, and the input topics where only `to` is given. Without it the internal topics
   * are found by their names.
   */
  topology?: Topology | TopologyModule;
  /**
   * Topics whose committed offsets are set to `to`. The offsets of other topics stay. Without `inputTopics`
   * and `to`, all committed offsets are forgotten where there is a topology, and stay where there is none.
   */
  inputTopics?: readonly string[];
  /**
   * Where the input topics are read from at the next start.
   * @default 'earliest'
   */
  to?: ResetPosition;
  /** As it was given to `createStreams`, where it was. */
  internalTopicPrefix?: string;
  /** The internal topics to delete, where not all of them. */
  internalTopics?: readonly string[];
  /**
   * Whether only to find out what would be done.
   * @default false
   */
  dryRun?: boolean;
  /**
   * Whether to remove members that the group has still: for instances that were killed. One that runs joins
   * again, and must not.
   * @default false
   */
  force?: boolean;
}

/** What a reset has done, or would do. */
export interface ResetResult {
  /** Whether there were committed offsets that were forgotten. */
  offsets: boolean;
  /** The offsets that were committed, of the input topics. */
  positions: ResetOffset[];
  /** The internal topics that were deleted. */
  topics: string[];
}

/**
 * Sets or forgets an application's committed offsets, and deletes its internal topics: changelogs and
 * repartition topics. State on disk was made of those changelogs, and is dropped at the next start. What the
 * application has written to other topics stays there, and so does the state of stores with a
 * `changelogTopic`. May be called again after it failed.
 * @throws FatalError with GROUP_IN_USE while the group has members, with TOPIC_UNKNOWN or
 * CONFIGURATION_INVALID for topics or positions that are wrong: nothing was changed then.
 * @example
 * await resetApplication({ applicationId: 'word-count', topology, brokers: ['127.0.0.1:9092'] });
 */
export async function resetApplication(options: ResetOptions): Promise<ResetResult> {
  const { applicationId, brokers, security, dryRun = false } = options;
  if (options.internalTopicPrefix !== undefined) checkTopicPrefix(options.internalTopicPrefix);
  const topology = options.topology && (await readTopology(options.topology));
  const clientId = `${applicationId}-reset`;
  const kafka = createKafka({ brokers, clientId, ...(security && { security }) });
  try {
    const members = await kafka.groupMembers(applicationId);
    if (members.length > 0 && options.force !== true) {
      const who = members.map(({ clientId: client, host }) => `${client} (${host})`).join(', ');
      const remedy = 'stop every instance; one that was killed is a member until its session ends';
      throw new FatalError('GROUP_IN_USE', `group ${applicationId} has members: ${who}; ${remedy}`);
    }
    const topics = await topicsToDelete(kafka, options, topology);
    const positions = await positionsToCommit(kafka, options, topology);
    if (dryRun) return { offsets: false, positions, topics };
    await kafka.removeMembers(applicationId, members);
    const forgets = options.inputTopics === undefined && options.to === undefined && topology !== undefined;
    const offsets = forgets && (await kafka.deleteGroup(applicationId));
    await kafka.commitOffsets(applicationId, positions);
    return { offsets, positions, topics: await kafka.deleteTopics(topics) };
  } finally {
    await kafka.close();
  }
}

async function topicsToDelete(
  kafka: KafkaPort,
  { applicationId, internalTopicPrefix: prefix = applicationId, internalTopics: chosen }: ResetOptions,
  topology: Topology | undefined,
): Promise<string[]> {
  const own = topology
    ? [...(await kafka.describeTopics(internalTopics(topology, topicNames(prefix, topology)))).keys()]
    : (await kafka.listTopics()).filter((name) => isInternalTopic(prefix, name));
  if (!chosen) return own.toSorted();
  const foreign = chosen.filter((name) => !own.includes(name));
  if (foreign.length === 0) return [...chosen];
  const text = `${foreign.join(', ')} are no internal topics of ${applicationId}; these are: ${own.join(', ')}`;
  throw new FatalError('CONFIGURATION_INVALID', text);
}

async function positionsToCommit(
  kafka: KafkaPort,
  options: ResetOptions,
  topology: Topology | undefined,
): Promise<ResetOffset[]> {
  const { applicationId, inputTopics, to } = options;
  if (inputTopics === undefined && to === undefined) return [];
  const topics = inputTopics ?? (await inputsOf(kafka, options, topology));
  return resetOffsets({ kafka, groupId: applicationId, topics, to: to ?? 'earliest', now: Date.now() });
}

async function inputsOf(
  kafka: KafkaPort,
  { applicationId, internalTopicPrefix: prefix = applicationId }: ResetOptions,
  topology: Topology | undefined,
): Promise<string[]> {
  if (!topology)
    throw new FatalError('CONFIGURATION_INVALID', 'to: whose offsets to set is not known; give inputTopics');
  const own = new Set(topology.repartitionTopics.map(({ name }) => name));
  const { subTopologies } = await resolveNow(topology, () => kafka.listTopics(), prefix);
  const read = subTopologies.flatMap(({ sourceTopics }) => sourceTopics);
  return read.filter((topic) => !own.has(topic));
}
