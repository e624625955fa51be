// The figures of an instance: those of its threads as one.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  mergeLags,
  mergeSizes,
  type StoreSize,
  type ThreadFigures,
  type TopicLag,
} from './thread-figures.ts';
import type { ThreadHandle } from './thread-handle.ts';
import type { ThreadState } from './thread/thread-state.ts';
import type { EdgeCount, NodeCount } from './topology-counts.ts';

/** A thread of an instance, and when it has given figures last. */
export interface ThreadSummary {
  state: ThreadState;
  tasks: number;
  /** The tasks that are not at work yet: they wait, or look for their positions, or restore. */
  idleTasks: number;
  /** The time of its figures in epoch milliseconds; undefined where it has given none. */
  readAt: number | undefined;
}

/**
 * What an instance of an application does, at one moment. Counts are of records, begin with the threads, and
 * count again what is processed again. Nothing in it comes from a record.
 */
export interface StreamsFigures {
  /** When they were read, in epoch milliseconds. */
  at: number;
  applicationId: string;
  state: ThreadState;
  /** Since when the application has that state, in epoch milliseconds. */
  stateSince: number;
  /** Whether it is paused: then no record is processed, whatever the state is. */
  isPaused: boolean;
  /** The code of the error where the state is ERROR; `Error` where it has none. */
  errorCode: string | undefined;
  threads: ThreadSummary[];
  /** How far the processing of each input topic is, in the partitions that this instance reads. */
  topics: TopicLag[];
  stores: StoreSize[];
  /** Records along each edge of the topology. */
  edges: EdgeCount[];
  /** Records that have stopped at a node. */
  nodes: NodeCount[];
}

/** A thread as the pool has it. */
export interface PooledThread {
  state: ThreadState;
  handle: ThreadHandle | undefined;
}

/** A thread that is busy for longer is shown with the figures that it gave last, and their time. */
const waitMs = 1000;
/** Whoever asks within this time gets the same figures. */
const keptMs = 500;

type Read = Pick<StreamsFigures, 'at' | 'threads' | 'topics' | 'stores' | 'edges' | 'nodes'>;

/** See the top of this file. */
export class InstanceFigures {
  readonly #threads: () => readonly PooledThread[];
  readonly #last = new WeakMap<ThreadHandle, { figures: ThreadFigures; at: number }>();
  readonly #asked = new WeakSet<ThreadHandle>();
  #kept: { at: number; read: Promise<Read> } | undefined;

  constructor(threads: () => readonly PooledThread[]) {
    this.#threads = threads;
  }

  /** Reads the figures of all threads. */
  read(): Promise<Read> {
    const at = performance.now();
    if (!this.#kept || at - this.#kept.at > keptMs) this.#kept = { at, read: this.#readAll() };
    return this.#kept.read;
  }

  async #readAll(): Promise<Read> {
    const pooled = this.#threads();
    await Promise.all(pooled.map(async ({ handle }) => handle && this.#ask(handle)));
    const found = pooled.map(({ state, handle }) => ({ state, last: handle && this.#last.get(handle) }));
    const figures = found.flatMap(({ last }) => last?.figures ?? []);
    return {
      at: Date.now(),
      threads: found.map(({ state, last }) => {
        const { tasks = 0, idleTasks = 0 } = last?.figures ?? {};
        return { state, tasks, idleTasks, readAt: last?.at };
      }),
      topics: mergeLags(figures.flatMap(({ topics }) => topics)),
      stores: mergeSizes(figures.flatMap(({ stores }) => stores)),
      edges: mergeEdges(figures.flatMap(({ edges }) => edges)),
      nodes: mergeNodes(figures.flatMap(({ nodes }) => nodes)),
    };
  }

  /** Asks a thread, unless it has not replied to an earlier question. */
  async #ask(handle: ThreadHandle): Promise<void> {
    if (this.#asked.has(handle)) return;
    this.#asked.add(handle);
    const replied = handle
      .figures()
      .then((figures) => void this.#last.set(handle, { figures, at: Date.now() }))
      // It has ended: what it gave last stands.
      .catch(() => {})
      .finally(() => this.#asked.delete(handle));
    const late = new AbortController();
    await Promise.race([replied, sleep(waitMs, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }
}

function mergeEdges(all: readonly EdgeCount[]): EdgeCount[] {
  const byName = new Map<string, EdgeCount>();
  for (const edge of all) {
    const name = JSON.stringify([edge.from, edge.output, edge.to]);
    const sum = byName.get(name);
    if (sum) sum.records += edge.records;
    else byName.set(name, { ...edge });
  }
  return [...byName.values()];
}

function mergeNodes(all: readonly NodeCount[]): NodeCount[] {
  const byName = new Map<string, NodeCount>();
  for (const count of all) {
    const sum = byName.get(count.node);
    if (!sum) {
      byName.set(count.node, { ...count });
      continue;
    }
    sum.deadLettered += count.deadLettered;
    sum.dropped += count.dropped;
    sum.late += count.late;
  }
  return [...byName.values()];
}
