// The nodes of one task, wired: each forwards straight into its children's process functions.
import { textOf } from './error-message.ts';
import { FatalError, StreamsError } from '../api/errors.ts';
import type { StreamRecord } from '../api/record.ts';
import { serializeForTopic, type Serialized, type Serde } from '../api/serde.ts';
import type { Processor, ProcessorContext } from '../api/processor.ts';
import type { ProcessorNode, SinkNode, TopologyNode } from '../topology/topology.ts';

type Receive = (record: StreamRecord<unknown, unknown>) => void;

/** What the nodes need of their task. */
export interface NodeHost {
  /** The context of a processor, with its `forward`s given. */
  context(
    node: ProcessorNode,
    forward: Receive,
    forwardTo: (output: string, record: StreamRecord<unknown, unknown>) => void,
  ): ProcessorContext<unknown, unknown>;
  readonly outputs: NodeOutputs;
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
  init(): void;
  /** Closes all processors, then throws what the first of them threw. */
  close(): void;
}

/** Wires the nodes of a sub-topology for one task. */
export function wireNodes(nodes: readonly TopologyNode[], host: NodeHost): NodeGraph {
  const { outputs } = host;
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
    let receive: Receive;
    if (node.kind === 'sink') {
      receive = (record) => outputs.send(node, record);
    } else {
      const processor = inStep('creating', node, () => node.supplier());
      processors.push({ processor, node });
      const process: Receive = (given) => processor.process(given);
      receive = (record) => {
        if (outputs.isAlone) outputs.process(node, process, record);
        else processor.process(record);
      };
    }
    for (const { node: parent, output } of node.parents) listOf(parent, output).push(receive);
  }
  const forwardTo = (list: Receive[]): Receive => {
    const [only] = list;
    if (list.length === 1 && only) return only;
    return (record) => {
      for (const receive of list) receive(record);
    };
  };
  return {
    entry: (source) => forwardTo(listOf(source, undefined)),
    init() {
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
    },
    close() {
      const failures: unknown[] = [];
      for (const { processor, node } of processors) {
        try {
          inStep('closing', node, () => processor.close?.());
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
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
