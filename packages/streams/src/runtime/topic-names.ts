// The full names of topics: those of the application's own carry its id, as in Kafka Streams.
import type { StoreSpec } from '../api/stores.ts';
import type { Topology } from '../topology/topology.ts';

/** Names topics for one application. */
export interface TopicNames {
  /** A repartition topic's name with the application's id; any other name as it is. */
  full: (name: string) => string;
  /** The topic behind a store. */
  changelog: (store: StoreSpec) => string;
}

/** The topic names of a topology in an application. */
export function topicNames(applicationId: string, topology: Topology): TopicNames {
  const own = new Set(topology.repartitionTopics.map(({ name }) => name));
  return {
    full: (name) => (own.has(name) ? `${applicationId}-${name}` : name),
    changelog: ({ name, changelogTopic }) => changelogTopic ?? `${applicationId}-${name}-changelog`,
  };
}
