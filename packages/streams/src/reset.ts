// Begins an application anew: its next start reads its input from the beginning. Source: Kafka Streams' application reset tool.
import type { SecurityOptions } from './kafka/platformatic.ts';
import { createKafka } from './kafka/wire-port.ts';
import { loadTopology } from './runtime/topology-module.ts';
import { topicNames } from './runtime/topic-names.ts';
import type { TopologyModule } from './start.ts';
import type { Topology } from './topology/topology.ts';
import { assertValid } from './topology/validate.ts';

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
 * Forgets an application's committed offsets and deletes its internal topics: changelogs and repartition topics. State on disk
 * was made of those changelogs, and is dropped at the next start. What the application has written to other topics stays there,
 * and so does the state of stores with a `changelogTopic`. May be called again after it failed.
 * @throws FatalError with GROUP_IN_USE while an instance runs: nothing was changed then.
 * @example await resetApplication({ applicationId: 'word-count', topology, brokers: ['127.0.0.1:9092'] });
 */
export async function resetApplication(options: ResetOptions): Promise<ResetResult> {
  const { applicationId, brokers, security } = options;
  const { topology } =
    'url' in options.topology
      ? await loadTopology(String(options.topology.url), options.topology.options)
      : { topology: options.topology };
  assertValid(topology);
  const names = topicNames(applicationId, topology);
  const stores = topology.subTopologies.flatMap((part) => part.stores);
  const own = [
    ...topology.repartitionTopics.map(({ name }) => names.full(name)),
    ...stores.filter(({ changelogTopic }) => changelogTopic === undefined).map(names.changelog),
  ];
  const clientId = `${applicationId}-reset`;
  const kafka = createKafka({ brokers, clientId, ...(security && { security }) });
  try {
    const offsets = await kafka.deleteGroup(applicationId);
    return { offsets, topics: await kafka.deleteTopics(own) };
  } finally {
    await kafka.close();
  }
}
