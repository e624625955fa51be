// The graph that a builder collects: nodes, stores and topics,
// with names that stay the same from build to build.
import type { AsyncProcessorSupplier, CallSettings } from '../api/async-processor.ts';
import type { StoreSpec } from '../api/stores.ts';
import type { ProcessorSupplier } from '../api/processor.ts';
import type {
  GlobalTable,
  Parent,
  ProcessorNode,
  RepartitionTopic,
  SinkNode,
  SourceNode,
  TopologyNode,
} from '../topology/topology.ts';

/** What a processor's node says of it: see {@link ProcessorNode}. */
type ProcessorTraits = Pick<ProcessorNode, 'globalStores' | 'takesNullKeys'>;

/** Collects what the DSL declares. */
export class Graph {
  readonly nodes: TopologyNode[] = [];
  readonly stores: StoreSpec[] = [];
  readonly repartitionTopics: RepartitionTopic[] = [];
  readonly globalTables: GlobalTable[] = [];
  #index = 0;

  /** A name as Kafka Streams makes it, `KSTREAM-FILTER-0000000001`, unless one was given. */
  name(role: string, given?: string): string {
    const index = String(this.#index++).padStart(10, '0');
    return given ?? `${role}-${index}`;
  }

  source(node: Omit<SourceNode, 'kind'>): Parent {
    this.nodes.push({ kind: 'source', ...node });
    return { node: node.name, output: undefined };
  }

  processor<KI, VI, KO, VO>(
    name: string,
    parents: readonly Parent[],
    supplier: ProcessorSupplier<KI, VI, KO, VO>,
    stores: readonly string[] = [],
    { globalStores = [], takesNullKeys = false }: ProcessorTraits = {},
  ): Parent {
    const untyped = supplier as unknown as ProcessorSupplier<unknown, unknown, unknown, unknown>;
    const traits = {
      ...(globalStores.length > 0 && { globalStores }),
      ...(takesNullKeys && { takesNullKeys }),
    };
    const node = { kind: 'processor', name, parents: distinct(parents), stores, ...traits } as const;
    this.nodes.push({ ...node, supplier: untyped });
    return { node: name, output: undefined };
  }

  asyncProcessor<KI, VI, R, KO, VO>(
    name: string,
    parents: readonly Parent[],
    supplier: AsyncProcessorSupplier<KI, VI, R, KO, VO>,
    calls: CallSettings,
    stores: readonly string[] = [],
  ): Parent {
    const untyped = supplier as unknown as ProcessorSupplier<unknown, unknown, unknown, unknown>;
    this.nodes.push({ kind: 'processor', name, parents, stores, supplier: untyped, calls });
    return { node: name, output: undefined };
  }

  sink(node: Omit<SinkNode, 'kind'>): void {
    this.nodes.push({ kind: 'sink', ...node });
  }

  store(spec: StoreSpec): StoreSpec {
    this.stores.push(spec);
    return spec;
  }

  /** The source topics whose records can reach a node. */
  sourceTopics(parent: Parent): Set<string> {
    const topics = new Set<string>();
    const visit = (name: string): void => {
      const node = this.nodes.find((candidate) => candidate.name === name);
      if (!node) return;
      if (node.kind === 'source') for (const topic of node.topics) topics.add(topic);
      else for (const { node: above } of node.parents) visit(above);
    };
    visit(parent.node);
    return topics;
  }
}

/** A node hangs once on each output of another: a stream that is merged with itself is that stream. */
function distinct(parents: readonly Parent[]): readonly Parent[] {
  return parents.filter(
    ({ node, output }, at) => parents.findIndex((one) => one.node === node && one.output === output) === at,
  );
}
