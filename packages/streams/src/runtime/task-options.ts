// What a task is made of, and its name.
import type { SubTopology } from '../topology/topology.ts';
import type { Collector } from './collector.ts';
import type { Refusals } from './commit-isolation.ts';
import type { FailurePolicy } from './failure-policy.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { CallHost } from './step-calls.ts';
import type { OpenStore, StoreClocks } from './task-stores.ts';
import type { TopologyCounts } from './topology-counts.ts';

/** What a task is made of. */
export interface TaskOptions {
  subTopology: SubTopology;
  partition: number;
  /** The full name of a topic of the application's own; other names as they are. */
  topicName: (name: string) => string;
  /** How many partitions an input topic has, by its full name. */
  partitionsOf: (topic: string) => number;
  collector: Collector;
  now: () => number;
  metrics: RuntimeMetrics;
  failures: FailurePolicy;
  /** What the tasks of a thread count together; of its own unless given. */
  counts?: TopologyCounts;
  /** See {@link StreamsOptions.maxTaskIdleMs}; -1 unless given: what the broker has is then not looked at. */
  maxTaskIdleMs?: number;
  /** The stores of global tables, by name; none unless given. */
  globalStores?: ReadonlyMap<string, unknown>;
  /** What the calls of steps that await need; without it no step may await. */
  calls?: CallHost;
  /** Records that were found to make their commit fail. */
  refusals: Refusals;
  /** Opens the stores; the task gives the clocks that they expire by. */
  openStores: (clocks: StoreClocks) => readonly OpenStore[];
}

/** The id of a task, as Kafka Streams writes it. */
export function taskIdOf(subTopology: number, partition: number): string {
  return `${subTopology}_${partition}`;
}
