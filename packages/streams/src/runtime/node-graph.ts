// The nodes of one task, wired: each forwards straight into its children's process functions.
import { textOf } from './error-message.ts';
import type { AsyncProcessor } from '../api/async-processor.ts';
import { FatalError, StreamsError } from '../api/errors.ts';
import type { StreamRecord } from '../api/record.ts';
import { serializeForTopic, type Serialized, type Serde } from '../api/serde.ts';
import type { Processor, ProcessorContext } from '../api/processor.ts';
import type { ProcessorNode, SinkNode, TopologyNode } from '../topology/topology.ts';
import type { EdgeCount, TopologyCounts } from './topology-counts.ts';

type Receive = (record: StreamRecord<unknown, unknown>) => void;

/** What the nodes need of their task. */
export interface NodeHost {
  /** The context of a processor, with its `forward`s given. */
  context(
    node: ProcessorNode,
    forward: Receive,
    forwardTo: (output: string, record: StreamRecord<unknown, unknown>) => void,
  ): ProcessorContext<unknown, unknown>;
  /** The function that takes the records of a step that awaits. */
  awaiting(
    node: ProcessorNode,
    processor: AsyncProcessor<unknown, unknown, unknown, unknown, unknown>,
  ): Receive;
  readonly outputs: NodeOutputs;
  readonly counts: TopologyCounts;
}

/** Where the records of nodes go. */
export interface NodeOutputs {
  /** Whether what fails now fails alone: then {@link process} is asked, otherwise the processor. */
  readonly isAlone: boolean;
  /** Gives a record to a processor. */
  process(node: ProcessorNode, process: Receive, record: StreamRecord<unknown, unknown>): void;
  /** Writes a record to the topic of a sink. */
  send(node: SinkNode, record: StreamRecord<unknown, unknown>): void;
}

/** The wired nodes. */
export interface NodeGraph {
  /** Where a source's records go in. */
  entry(source: string): Receive;
  /** Initializes all processors, or closes them and throws what one of them threw. */
  init(): void;
  /** Closes all processors, then throws what the first of them threw. */
  close(): void;
}

/** Wires the nodes of a sub-topology for one task. */
export function wireNodes(nodes: readonly TopologyNode[], host: NodeHost): NodeGraph {
  const { outputs, counts } = host;
  const children = new Map<string, Receive[]>();
  const listOf = (node: string, output: string | undefined): Receive[] => {
    const name = output === undefined ? node : `${node}\u0000${output}`;
    let list = children.get(name);
    if (!list) children.set(name, (list = []));
    return list;
  };
  const processors: { processor: Processor<unknown, unknown, unknown, unknown>; node: ProcessorNode }[] = [];
  for (const node of nodes) {
    if (node.kind === 'source') continue;
    let connect: (edge: EdgeCount) => Receive;
    if (node.kind === 'sink') {
      connect = (edge) => (record) => {
        edge.records++;
        try {
          outputs.send(node, record);
        } catch (error) {
          counts.failed(node.name, error);
          throw error;
        }
      };
    } else {
      const processor = inStep('creating', node, () => node.supplier());
      processors.push({ processor, node });
      let process: Receive = (given) => processor.process(given);
      if (node.calls)
        process = host.awaiting(node, processor as unknown as Parameters<NodeHost['awaiting']>[1]);
      const isSync = !node.calls;
      connect = (edge) => (record) => {
        edge.records++;
        try {
          if (outputs.isAlone) outputs.process(node, process, record);
          else if (isSync) processor.process(record);
          else process(record);
        } catch (error) {
          counts.failed(node.name, error);
          throw error;
        }
      };
    }
    for (const { node: parent, output } of node.parents)
      listOf(parent, output).push(connect(counts.edge(parent, output, node.name)));
  }
  const forwardTo = (list: Receive[]): Receive => {
    const [only] = list;
    if (list.length === 1 && only) return only;
    return (record) => {
      for (const receive of list) receive(record);
    };
  };
  const initAll = (): void => {
    for (const { processor, node } of processors) {
      const forward = forwardTo(listOf(node.name, undefined));
      const byName = new Map<string, Receive>();
      const toOutput = (output: string, record: StreamRecord<unknown, unknown>): void => {
        let receive = byName.get(output);
        if (!receive) byName.set(output, (receive = forwardTo(listOf(node.name, output))));
        receive(record);
      };
      inStep('initializing', node, () => processor.init?.(host.context(node, forward, toOutput)));
    }
  };
  const closeAll = (): void => {
    const failures: unknown[] = [];
    for (const { processor, node } of processors) {
      try {
        inStep('closing', node, () => processor.close?.());
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  return {
    entry: (source) => forwardTo(listOf(source, undefined)),
    init() {
      try {
        initAll();
      } catch (error) {
        // Some processors may hold something already: nobody else will close them.
        try {
          closeAll();
        } catch {
          // The first error says why.
        }
        throw error;
      }
    },
    close: closeAll,
  };
}

/** Calls user code that no record stands for: what it throws gets the name of the step. */
function inStep<T>(doing: string, { name }: ProcessorNode, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    // It has a code, and says what to do.
    if (cause instanceof StreamsError) throw cause;
    throw new FatalError('PROCESSING_FAILED', `${doing} step ${name}: ${textOf(cause)}`, { cause });
  }
}

/** A key or value for a topic as its serde writes it; absent ones become Kafka's null. */
export function serializeOrNull(
  serde: Serde<unknown>,
  data: unknown,
  what: 'key' | 'value',
  topic: string,
): Serialized | null {
  if (data === undefined || data === null) return null;
  try {
    return serializeForTopic(serde, data);
  } catch (cause) {
    const text = textOf(cause);
    throw new FatalError('PRODUCTION_FAILED', `serializing a ${what} for topic ${topic}: ${text}`, { cause });
  }
}
