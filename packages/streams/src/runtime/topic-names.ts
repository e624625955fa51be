// The full names of topics: those of the application's own begin with a prefix, which is its id unless it is
// given, as in Kafka Streams.
import type { StoreSpec } from '../api/stores.ts';
import type { Topology } from '../topology/topology.ts';

/** Names topics for one application. */
export interface TopicNames {
  /** What the names of the application's own topics begin with, before a `-`. */
  prefix: string;
  /** A repartition topic's name with the prefix; any other name as it is. */
  full: (name: string) => string;
  /** The topic behind a store. */
  changelog: (store: StoreSpec) => string;
}

/** The topic names of a topology in an application with this prefix. */
export function topicNames(prefix: string, topology: Topology): TopicNames {
  const own = new Set(topology.repartitionTopics.map(({ name }) => name));
  return {
    prefix,
    full: (name) => (own.has(name) ? `${prefix}-${name}` : name),
    changelog: ({ name, changelogTopic }) => changelogTopic ?? `${prefix}-${name}-changelog`,
  };
}

/** The topics that a topology's sinks write to, without those that are chosen for each record. */
export function sinkTopics({ nodes }: Topology, names: TopicNames): string[] {
  const topics = nodes.flatMap((node) =>
    node.kind === 'sink' && typeof node.topic === 'string' ? [names.full(node.topic)] : [],
  );
  return [...new Set(topics)];
}
