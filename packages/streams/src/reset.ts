// Starts an application again: its next start reads its input from the beginning. Source: Kafka Streams'
// application reset tool.
import { type SecurityOptions, createKafka } from '@activity/kafka';
import { internalTopics } from './runtime/internal-topics.ts';
import { topicNames } from './runtime/topic-names.ts';
import { readTopology, type TopologyModule } from './runtime/topology-module.ts';
import type { Topology } from './topology/topology.ts';

/** Which application to reset, as it was given to `createStreams`. */
export interface ResetOptions {
  applicationId: string;
  topology: Topology | TopologyModule;
  brokers: readonly string[];
  security?: SecurityOptions;
}

/** What a reset has done. */
export interface ResetResult {
  /** Whether there were committed offsets to forget. */
  offsets: boolean;
  /** The internal topics that were deleted. */
  topics: string[];
}

/**
 * Forgets an application's committed offsets and deletes its internal topics: changelogs and repartition
 * topics. State on disk was made of those changelogs, and is dropped at the next start. What the application
 * has written to other topics stays there, and so does the state of stores with a `changelogTopic`. May be
 * called again after it failed.
 * @throws FatalError with GROUP_IN_USE while an instance runs: nothing was changed then.
 * @example await resetApplication({ applicationId: 'word-count', topology, brokers: ['127.0.0.1:9092'] });
 */
export async function resetApplication(options: ResetOptions): Promise<ResetResult> {
  const { applicationId, brokers, security } = options;
  const topology = await readTopology(options.topology);
  const own = internalTopics(topology, topicNames(applicationId, topology));
  const clientId = `${applicationId}-reset`;
  const kafka = createKafka({ brokers, clientId, ...(security && { security }) });
  try {
    const offsets = await kafka.deleteGroup(applicationId);
    return { offsets, topics: await kafka.deleteTopics(own) };
  } finally {
    await kafka.close();
  }
}
