// The tasks of a stream thread, from their opening to their end:
//
//   waiting (another thread still has its folder) ─▶ seeking ─▶ restoring ─▶ running
//                                                       ▲______ abort _________│
import type { CommittedOffset, TopicDescription } from '@activity/kafka';
import { FatalError, RetriableError } from '../../api/errors.ts';
import { cacheBudget, type CacheBudget } from '../../state/overlay.ts';
import type { Collector } from '../collector.ts';
import type { Refusals } from '../commit-isolation.ts';
import { Restorer } from '../restorer.ts';
import { StartPositions } from '../start-positions.ts';
import { openState, openStore } from '../task-stores.ts';
import { Task } from '../task.ts';
import type { StreamThreadOptions } from './thread-options.ts';

/** What a task must do before it may run: find its positions, then read its changelogs to their ends. */
export type TaskPhase = 'seeking' | 'restoring' | 'running';

/** What the tasks of a thread share. */
export interface TaskSetOptions {
  thread: StreamThreadOptions;
  collector: Collector;
  refusals: Refusals;
  isRepartition: (topic: string) => boolean;
}

interface OpenTask {
  task: Task;
  phase: TaskPhase;
}

/** How often a task is tried to be opened that another thread still has. */
const openingMs = 200;

/** See the top of this file. */
export class TaskSet {
  readonly #options: TaskSetOptions;
  readonly #restorer: Restorer;
  readonly #starts: StartPositions;
  readonly #cache: CacheBudget;
  readonly #open = new Map<string, OpenTask>();
  /** Tasks that another thread of this process has not closed yet. */
  readonly #waiting = new Set<string>();
  #lastOpening = 0;

  constructor(options: TaskSetOptions) {
    this.#options = options;
    const { kafka, metrics, applicationId, offsetReset, maxCachedEntries, maxCachedBytes, log } =
      options.thread;
    const { isRepartition } = options;
    this.#restorer = new Restorer(kafka, metrics);
    this.#cache = cacheBudget(maxCachedEntries, maxCachedBytes);
    this.#starts = new StartPositions({ kafka, groupId: applicationId, offsetReset, isRepartition, log });
  }

  /** The ids of all tasks that this thread has been given. */
  get ids(): string[] {
    return [...this.#open.keys(), ...this.#waiting];
  }

  /** Takes note of what was committed. */
  committed(offsets: readonly CommittedOffset[]): void {
    this.#starts.committed(offsets);
  }

  /** Whether every task is at work. */
  get areRunning(): boolean {
    if (this.#waiting.size > 0) return false;
    for (const { phase } of this.#open.values()) if (phase !== 'running') return false;
    return true;
  }

  /** Every open task. */
  all(): Task[] {
    return [...this.#open.values()].map(({ task }) => task);
  }

  /** The tasks that are at work. */
  running(): Task[] {
    const running: Task[] = [];
    for (const { task, phase } of this.#open.values()) if (phase === 'running') running.push(task);
    return running;
  }

  /** How many bytes of store changes wait for the next commit. */
  pendingBytes(): number {
    let bytes = 0;
    for (const { task } of this.#open.values())
      for (const { store } of task.stores) bytes += store.pendingBytes();
    return bytes;
  }

  /** Opens those of these tasks that are not open. One that another thread still has is tried again later. */
  async open(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#open.has(id));
    if (missing.length === 0) return;
    const { topology, names, kafka, log } = this.#options.thread;
    const logged = topology.subTopologies.flatMap(({ stores }) =>
      stores.filter(({ changelog }) => changelog),
    );
    const inputs = topology.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(names.full));
    // Asked once for all tasks.
    const topics = await kafka.describeTopics([...new Set([...logged.map(names.changelog), ...inputs])]);
    for (const id of missing) {
      this.#waiting.delete(id);
      await this.#openTask(id, topics).catch((error: unknown) => {
        if (!(error instanceof RetriableError) || error.code !== 'STATE_LOCKED') throw error;
        log('warn', error.message);
        this.#waiting.add(id);
      });
    }
  }

  /** Opens tasks that could not be opened yet. */
  async openWaiting(): Promise<void> {
    if (this.#waiting.size === 0 || performance.now() - this.#lastOpening < openingMs) return;
    this.#lastOpening = performance.now();
    await this.open([...this.#waiting]);
  }

  /** Whether tasks must find their positions. */
  get areSeeking(): boolean {
    for (const { phase } of this.#open.values()) if (phase === 'seeking') return true;
    return false;
  }

  /** Brings tasks that are seeking to what is committed. Nothing that this thread has open may be unfinished. */
  async seek(): Promise<void> {
    const seeking = [...this.#open.values()].filter(({ phase }) => phase === 'seeking');
    const inputs = seeking.flatMap(({ task }) =>
      task.queues.map(({ topic, partition }) => ({ topic, partition })),
    );
    const { offsets, topicIds } = await this.#starts.find(inputs);
    for (const open of seeking) {
      open.task.seek(offsets, topicIds);
      this.#restorer.drop(open.task);
      await this.#restorer.begin(open.task);
      open.phase = 'restoring';
    }
  }

  /** Reads changelogs for a while. Returns whether more is to be read. */
  async restore(): Promise<boolean> {
    if (this.#restorer.active) await this.#restorer.step();
    for (const open of this.#open.values()) {
      if (open.phase !== 'restoring' || this.#restorer.isRestoring(open.task)) continue;
      open.phase = 'running';
      this.#options.thread.log('info', `task ${open.task.id} is running`);
    }
    return this.#restorer.active;
  }

  /** Forgets what is not committed: every task must find its positions again. */
  abort(): void {
    for (const open of this.#open.values()) {
      open.task.abort();
      open.phase = 'seeking';
      this.#restorer.drop(open.task);
    }
  }

  /** The open tasks that are not among these. */
  without(ids: readonly string[]): Task[] {
    return this.all().filter(({ id }) => !ids.includes(id));
  }

  /** Closes all tasks but these. */
  async keepOnly(ids: readonly string[]): Promise<void> {
    for (const task of this.without(ids)) await this.#close(task, { flush: true });
    for (const id of this.#waiting) if (!ids.includes(id)) this.#waiting.delete(id);
  }

  /** Closes tasks that were lost. They are not flushed: another thread may run them, and has newer state. */
  async lose(): Promise<void> {
    for (const task of this.all()) await this.#close(task, { flush: false });
    this.#waiting.clear();
  }

  /** Closes all tasks, and the connections. */
  async close(): Promise<void> {
    await this.keepOnly([]);
    await this.#restorer.close();
  }

  async #openTask(id: string, topics: ReadonlyMap<string, TopicDescription>): Promise<void> {
    const { collector, refusals, thread } = this.#options;
    const { topology, names, backend, metrics, failures, now } = thread;
    const [subId, partition] = id.split('_').map(Number);
    const subTopology = topology.subTopologies.find((sub) => sub.id === subId);
    if (!subTopology || partition === undefined) {
      throw new FatalError(
        'TOPOLOGY_INVALID',
        `task ${id} is not of this topology; do all members run the same code?`,
      );
    }
    for (const spec of subTopology.stores) checkChangelog(names.changelog(spec), partition, topics);
    const committed = await Promise.all(
      subTopology.stores.map((spec) =>
        openState(spec, backend, { taskId: id, changelogId: topics.get(names.changelog(spec))?.id }),
      ),
    );
    const task = new Task({
      subTopology,
      partition,
      topicName: names.full,
      partitionsOf: (topic) => topics.get(topic)?.partitions ?? 0,
      collector,
      now,
      metrics,
      failures,
      refusals,
      openStores: (clocks) =>
        subTopology.stores.map((spec, i) => {
          const changelog = spec.changelog ? { topic: names.changelog(spec), partition } : undefined;
          return openStore(spec, committed[i] as (typeof committed)[number], changelog, clocks, this.#cache);
        }),
    });
    this.#open.set(id, { task, phase: 'seeking' });
  }

  async #close(task: Task, { flush }: { flush: boolean }): Promise<void> {
    this.#open.delete(task.id);
    this.#restorer.drop(task);
    task.close();
    for (const { store } of task.stores) {
      try {
        if (flush) await store.flush();
      } catch (error) {
        const text = `store ${store.name} of task ${task.id} was not written; it is restored from its changelog`;
        this.#options.thread.log('warn', text, { error });
      }
      await store.close();
    }
  }
}

/** @throws FatalError where a changelog has no such partition: the input has more partitions than at its first start. */
function checkChangelog(
  topic: string,
  partition: number,
  changelogs: ReadonlyMap<string, TopicDescription>,
): void {
  const found = changelogs.get(topic)?.partitions;
  if (found === undefined || partition < found) return;
  throw new FatalError(
    'TOPIC_PARTITIONS_WRONG',
    `${topic} has ${found} partitions and no partition ${partition}: the input's partitions have changed; ` +
      'reset the application or start it under another id',
  );
}
