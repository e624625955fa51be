// The topology: nodes, stores and internal topics as plain data. It validates and describes itself elsewhere.
import type { CallSettings } from '../api/async-processor.ts';
import type { OffsetReset } from '../api/offset-reset.ts';
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import type { ProcessorSupplier, TimestampExtractor } from '../api/processor.ts';
import { withNullKeysTaken } from './null-keys.ts';

/** A topic's name, or the name by record. */
export type TopicChoice = string | ((record: { key: unknown; value: unknown }) => string);

/**
 * Chooses a partition for a record of a topic with `partitions` partitions. `source` is the partition of the
 * task, which is the partition of the record being processed.
 */
export type Partitioner = (
  record: { key: unknown; value: unknown },
  partitions: number,
  source: number,
) => number;

/** Where records enter. */
export interface SourceNode {
  readonly kind: 'source';
  readonly name: string;
  /** Empty where there is a pattern: its topics are known when the application runs. */
  readonly topics: readonly string[];
  /** Topics are read whose names it matches, those too that are made later. */
  readonly pattern?: RegExp;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestamp: TimestampExtractor | undefined;
  /** Where partitions without a committed offset begin; that of the application unless given. */
  readonly offsetReset?: OffsetReset;
}

/** Where records are worked on. `output` names the parent's output it hangs on; undefined is the main one. */
export interface ProcessorNode {
  readonly kind: 'processor';
  readonly name: string;
  readonly parents: readonly Parent[];
  readonly stores: readonly string[];
  /** The stores of global tables that it joins, for descriptions: every step may read them. */
  readonly globalStores?: readonly string[];
  readonly supplier: ProcessorSupplier<unknown, unknown, unknown, unknown>;
  /** Whether it has a use for records without a key; else they are left out of repartition topics. */
  readonly takesNullKeys?: boolean;
  /** How its calls are awaited, where it awaits: then the supplier makes an {@link AsyncProcessor}. */
  readonly calls?: CallSettings;
}

/** Where records leave. */
export interface SinkNode {
  readonly kind: 'sink';
  readonly name: string;
  readonly parents: readonly Parent[];
  readonly topic: TopicChoice;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly partitioner: Partitioner | undefined;
  /** Whether records without a key end here: in a repartition topic behind which nothing takes them. */
  readonly dropsNullKeys?: boolean;
}

/** An edge: from a node, by one of its outputs. */
export interface Parent {
  readonly node: string;
  readonly output: string | undefined;
}

/** Any node. */
export type TopologyNode = SourceNode | ProcessorNode | SinkNode;

/** A topic that the application owns; its full name is `<applicationId>-<name>`. */
export interface RepartitionTopic {
  readonly name: string;
  /** undefined: as many as the sources that feed it. */
  readonly partitions: number | undefined;
}

/** A topic that every instance reads as a whole, into a store that all its tasks read. */
export interface GlobalTable {
  readonly name: string;
  readonly topic: string;
  readonly store: StoreSpec;
}

/** A connected part of the topology: its tasks are one for each partition. */
export interface SubTopology {
  readonly id: number;
  readonly nodes: readonly TopologyNode[];
  readonly sourceTopics: readonly string[];
  readonly stores: readonly StoreSpec[];
}

/**
 * A topology as plain data: what {@link StreamsBuilder.build} returns.
 * Node order is the order of declaration.
 */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly stores: readonly StoreSpec[];
  readonly repartitionTopics: readonly RepartitionTopic[];
  readonly globalTables: readonly GlobalTable[];
  readonly subTopologies: readonly SubTopology[];
}

/** The parts of a topology before it is cut into sub-topologies. */
export interface TopologyParts {
  nodes: readonly TopologyNode[];
  stores: readonly StoreSpec[];
  repartitionTopics: readonly RepartitionTopic[];
  globalTables?: readonly GlobalTable[];
}

/** Cuts the graph into sub-topologies: nodes that are connected by edges or by a shared store. */
export function cutTopology({
  nodes: declared,
  stores,
  repartitionTopics,
  globalTables = [],
}: TopologyParts): Topology {
  const nodes = withNullKeysTaken(declared, repartitionTopics);
  const group = new Map<string, string>();
  const find = (name: string): string => {
    const parent = group.get(name) ?? name;
    if (parent === name) return name;
    const root = find(parent);
    group.set(name, root);
    return root;
  };
  const join = (a: string, b: string): void => {
    group.set(find(a), find(b));
  };
  for (const node of nodes) {
    if (node.kind === 'source') continue;
    for (const parent of node.parents) join(node.name, parent.node);
    if (node.kind === 'processor') for (const store of node.stores) join(node.name, `store:${store}`);
  }
  const roots = [...new Set(nodes.map((node) => find(node.name)))];
  const subTopologies = roots.map((root, id): SubTopology => {
    const own = nodes.filter((node) => find(node.name) === root);
    return {
      id,
      nodes: own,
      sourceTopics: own.flatMap((node) => (node.kind === 'source' ? node.topics : [])),
      stores: stores.filter((store) => find(`store:${store.name}`) === root),
    };
  });
  return { nodes, stores, repartitionTopics, globalTables, subTopologies };
}
