// What a processor has of its task: the stores that its node declares, clocks, and ways out.
import { FatalError } from '../api/errors.ts';
import type { ProcessorContext } from '../api/processor.ts';
import type { ProcessorNode } from '../topology/topology.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { OpenStore } from './task-stores.ts';
import type { NodeCount } from './topology-counts.ts';

type Context = ProcessorContext<unknown, unknown>;

/** What a context is made of. */
export interface ContextParts extends Pick<
  Context,
  | 'partition'
  | 'now'
  | 'forward'
  | 'forwardTo'
  | 'forwardAlone'
  | 'clock'
  | 'schedule'
  | 'onCommit'
  | 'position'
  | 'deadLetter'
> {
  node: ProcessorNode;
  taskId: string;
  stores: readonly OpenStore[];
  /** Every step may read these. */
  globalStores: ReadonlyMap<string, unknown> | undefined;
  metrics: Pick<RuntimeMetrics, 'dropped' | 'late'>;
  count: NodeCount;
  /** The highest event time of the task, in epoch milliseconds; -1 before the first record. */
  streamTime: () => number;
}

/** Makes the context of one processor. */
export function processorContext(parts: ContextParts): Context {
  const { node, taskId, stores, globalStores, metrics, count, streamTime, ...rest } = parts;
  const store = (name: string, kind: string): unknown => {
    const global = kind === 'keyValue' ? globalStores?.get(name) : undefined;
    if (global) return global;
    const found = stores.find(({ spec }) => spec.name === name && node.stores.includes(name));
    if (!found)
      throw new FatalError('TOPOLOGY_INVALID', `${node.name} uses store ${name} without declaring it`);
    if (found.spec.kind !== kind) {
      throw new FatalError('TOPOLOGY_INVALID', `store ${name} is of kind ${found.spec.kind}, not ${kind}`);
    }
    return found.store;
  };
  return {
    ...rest,
    taskId,
    get streamTime() {
      return streamTime();
    },
    keyValueStore: (name) => store(name, 'keyValue') as never,
    windowStore: (name) => store(name, 'window') as never,
    sessionStore: (name) => store(name, 'session') as never,
    bufferStore: (name) => store(name, 'buffer') as never,
    expiringStore: (name) => store(name, 'expiring') as never,
    timelineStore: (name) => store(name, 'timeline') as never,
    dropped(reason) {
      metrics.dropped(taskId, reason);
      count.dropped++;
    },
    late() {
      metrics.late(taskId);
      count.late++;
    },
  };
}
