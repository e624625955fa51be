// The figures of one stream thread, read when somebody asks for them.
import type { EdgeCount, NodeCount } from './topology-counts.ts';

/** How far the processing of a topic is, in one thread or in several. */
export interface TopicLag {
  /** The full name of the topic. */
  topic: string;
  /** The partitions that are read here. */
  partitions: number;
  /** The partitions whose lag is not known yet: nothing was fetched of them since their task was opened. */
  unknown: number;
  /** How many records are not processed yet, in all partitions whose lag is known. */
  lag: number;
  /** The partition with the greatest lag, where one is known. */
  worst: { partition: number; lag: number } | undefined;
  /**
   * When these lags were read, in epoch milliseconds: of the partition that was fetched longest ago. It stays
   * behind while a broker is gone, and while a partition is not fetched because many of its records wait.
   */
  readAt: number | undefined;
}

/** The size of a store, in one thread or in several. */
export interface StoreSize {
  store: string;
  /** The tasks whose store was counted. */
  tasks: number;
  entries: number;
  /** Of keys and values in memory, of pages on disk. */
  bytes: number;
  /** How many offsets of changelogs are still to be restored. */
  remaining: number;
}

/** See the top of this file. */
export interface ThreadFigures {
  tasks: number;
  /** The tasks that are not at work yet: they wait, or look for their positions, or restore. */
  idleTasks: number;
  topics: TopicLag[];
  stores: StoreSize[];
  edges: EdgeCount[];
  nodes: NodeCount[];
}

/** The lag of a partition; undefined where it is not known. */
export interface PartitionLag {
  topic: string;
  partition: number;
  lag: number | undefined;
  /** When it was read, in epoch milliseconds. */
  readAt: number | undefined;
}

/** Adds up the lags of partitions by topic. */
export function addLags(lags: readonly PartitionLag[]): TopicLag[] {
  return mergeLags(
    lags.map(({ topic, partition, lag, readAt }) => ({
      topic,
      partitions: 1,
      unknown: lag === undefined ? 1 : 0,
      lag: lag ?? 0,
      worst: lag === undefined ? undefined : { partition, lag },
      readAt: lag === undefined ? undefined : readAt,
    })),
  );
}

/** Adds up what threads have of the same topics. */
export function mergeLags(all: readonly TopicLag[]): TopicLag[] {
  const byTopic = new Map<string, TopicLag>();
  for (const lag of all) {
    const sum = byTopic.get(lag.topic);
    if (!sum) {
      byTopic.set(lag.topic, { ...lag });
      continue;
    }
    sum.partitions += lag.partitions;
    sum.unknown += lag.unknown;
    sum.lag += lag.lag;
    if (lag.worst && (sum.worst === undefined || lag.worst.lag > sum.worst.lag)) sum.worst = lag.worst;
    sum.readAt = Math.min(sum.readAt ?? Infinity, lag.readAt ?? Infinity);
    if (sum.readAt === Infinity) sum.readAt = undefined;
  }
  return [...byTopic.values()];
}

/** Adds up what threads have of the same stores. */
export function mergeSizes(all: readonly StoreSize[]): StoreSize[] {
  const byStore = new Map<string, StoreSize>();
  for (const size of all) {
    const sum = byStore.get(size.store);
    if (!sum) {
      byStore.set(size.store, { ...size });
      continue;
    }
    sum.tasks += size.tasks;
    sum.entries += size.entries;
    sum.bytes += size.bytes;
    sum.remaining += size.remaining;
  }
  return [...byStore.values()];
}
