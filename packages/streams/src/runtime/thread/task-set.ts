// The tasks of a stream thread, from their opening to their end:
//
//   waiting (another thread still has its folder) ─▶ seeking ─▶ restoring ─▶ running
//                                                       ▲______ abort _________│
//
// A task seeks and restores in the background: while it waits for the broker, or for a transaction of another
// instance, the others go on.
import { partitionName, type CommittedOffset, type TopicDescription } from '@activity/kafka';
import { FatalError, RetriableError } from '../../api/errors.ts';
import type { CommittedState } from '../../state/committed-state.ts';
import { cacheBudget, type CacheBudget } from '../../state/cache-budget.ts';
import type { SubTopology, Topology } from '../../topology/topology.ts';
import type { Collector } from '../collector.ts';
import type { CallHost } from '../step-calls.ts';
import type { Refusals } from '../commit-isolation.ts';
import { offsetResets } from '../offset-resets.ts';
import { oldestState } from '../oldest-state.ts';
import { Restorer, type ChangelogBounds } from '../restorer.ts';
import { StartPositions, type Starts } from '../start-positions.ts';
import { checkChangelog } from '../check-changelog.ts';
import { openState, openStore } from '../task-stores.ts';
import { Task } from '../task.ts';
import { resolveTopology, type PatternMatches } from '../topic-patterns.ts';
import type { TopologyCounts } from '../topology-counts.ts';
import { TaskInputs } from './task-inputs.ts';
import { InFlight } from './in-flight.ts';
import { isConnectionLost, isRetriable } from './passing.ts';
import type { StreamThreadOptions } from './thread-options.ts';

/** The input is behind while this many records or more wait, one of them for this long. */
const behindRecords = 1_000;
const behindMs = 500;

/** What a task must do before it may run: find its positions, then read its changelogs to their ends. */
export type TaskPhase = 'seeking' | 'restoring' | 'running';

/** What the tasks of a thread share. */
export interface TaskSetOptions {
  thread: StreamThreadOptions;
  collector: Collector;
  refusals: Refusals;
  counts: TopologyCounts;
  /** The stores of global tables, by name. */
  globalStores: ReadonlyMap<string, unknown>;
  /** What the calls of tasks need. */
  calls: CallHost;
  /** Positions were found, or changelogs read, or one of these has failed. */
  onEnd: () => void;
}

interface OpenTask {
  task: Task;
  phase: TaskPhase;
  /** How often it had to go back: what was found for an earlier attempt is of no use. */
  attempt: number;
  /** Whether it waits for a transaction of another instance. */
  isHeld: boolean;
}

/** Where tasks begin, and the bounds of their changelogs. */
interface Found {
  sought: readonly { open: OpenTask; attempt: number }[];
  starts: Starts;
  bounds: ChangelogBounds;
}

/** How often a task is tried to be opened that another thread still has. */
const openingMs = 200;
/** How often the offsets are asked for that a transaction of another instance holds. */
const heldMs = 100;

/** See the top of this file. */
export class TaskSet {
  readonly #options: TaskSetOptions;
  readonly #restorer: Restorer;
  readonly #starts: StartPositions;
  readonly #cache: CacheBudget;
  readonly #open = new Map<string, OpenTask>();
  /** Tasks that another thread of this process has not closed yet. */
  readonly #waiting = new Set<string>();
  readonly #seek: InFlight;
  readonly #restore: InFlight;
  #found: Found | undefined;
  #topology: Topology;
  #inputs: TaskInputs | undefined;
  #hasNews = false;
  #lastOpening = 0;

  constructor(options: TaskSetOptions) {
    this.#options = options;
    const { kafka, metrics, applicationId, maxCachedEntries, maxCachedBytes, now, log } = options.thread;
    const { topology, names, offsetReset } = options.thread;
    this.#topology = topology;
    this.#restorer = new Restorer(kafka, metrics, options.thread.onRestore);
    const onEnd = (): void => {
      this.#hasNews = true;
      options.onEnd();
    };
    this.#seek = new InFlight(onEnd);
    this.#restore = new InFlight(onEnd);
    this.#cache = cacheBudget(maxCachedEntries, maxCachedBytes);
    const resetOf = offsetResets(topology, names, offsetReset);
    this.#starts = new StartPositions({ kafka, groupId: applicationId, resetOf, now, log });
  }

  /** The ids of all tasks that this thread has been given. */
  get ids(): string[] {
    return [...this.#open.keys(), ...this.#waiting];
  }

  /** How many offsets of changelogs are still to be restored, by store. */
  get remaining(): Map<string, number> {
    return this.#restorer.remaining();
  }

  /** The topics that patterns match, as of the assignment; undefined before one. */
  get matchedTopics(): readonly string[] | undefined {
    return this.#inputs?.matched;
  }

  /** Takes note of what the patterns match: tasks with other inputs than before are to be opened again. */
  async takeMatches(matches: PatternMatches | undefined): Promise<void> {
    if (!matches) return;
    const { kafka, names } = this.#options.thread;
    const topology = resolveTopology(this.#options.thread.topology, matches);
    this.#inputs = await TaskInputs.find({ kafka, topology, names, matched: Object.values(matches).flat() });
    this.#topology = topology;
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

  /** Whether something has come that the loop has not taken. */
  get hasNews(): boolean {
    return this.#hasNews;
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

  /** How many bytes the records have that were processed since the last commit. */
  processedBytes(): number {
    let bytes = 0;
    for (const { task } of this.#open.values()) bytes += task.processedBytes;
    return bytes;
  }

  /** Whether many records wait to be processed, some of them for a while already. */
  isBehind(now: number): boolean {
    const queues = this.all().flatMap((task) => task.queues);
    const waiting = queues.reduce((sum, { size, unfetched = 0 }) => sum + size + unfetched, 0);
    if (waiting < behindRecords) return false;
    return now - Math.min(...queues.map(({ nextTimestamp }) => nextTimestamp)) >= behindMs;
  }

  /** Opens those of these tasks that are not open. One that another thread still has is tried again later. */
  async open(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#open.has(id));
    if (missing.length === 0) return;
    const { names, kafka, backend, log } = this.#options.thread;
    const topology = this.#topology;
    const logged = topology.subTopologies.flatMap(({ stores }) =>
      stores.filter(({ changelog }) => changelog),
    );
    const inputs = topology.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(names.full));
    const changelogs = [...new Set(logged.map(names.changelog))];
    // Asked once for all tasks.
    const topics = await kafka.describeTopics([...new Set([...changelogs, ...inputs])]);
    const ages = backend.storedTasks().length === 0 ? new Map() : await oldestState(kafka, changelogs);
    for (const id of missing) {
      this.#waiting.delete(id);
      await this.#openTask(id, topics, ages).catch((error: unknown) => {
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

  /**
   * Looks for the positions of tasks that are seeking, in the background, and takes in what was found.
   * `openWriter` ends what a predecessor of this thread left open, so that the offsets that are read next are
   * final.
   */
  async seek(openWriter: () => Promise<void>): Promise<void> {
    const { log } = this.#options.thread;
    const failure = this.#seek.takePassing(isRetriable);
    if (failure) log('warn', `${failure.message}; trying again`, { code: failure.code });
    const found = this.#found;
    this.#found = undefined;
    if (found) await this.#begin(found);
    if (!this.#seek.mayStart) return;
    const seeking = [...this.#open.values()].filter(({ phase }) => phase === 'seeking');
    if (seeking.length > 0) this.#seek.start(this.#find(seeking, openWriter));
  }

  async #find(seeking: readonly OpenTask[], openWriter: () => Promise<void>): Promise<void> {
    const sought = seeking.map((open) => ({ open, attempt: open.attempt }));
    await openWriter();
    const starts = await this.#starts.find(
      seeking.flatMap(({ task }) => task.queues.map(({ topic, partition }) => ({ topic, partition }))),
    );
    const held = new Set(starts.unstable.map(({ topic, partition }) => partitionName(topic, partition)));
    const isHeld = ({ task }: OpenTask): boolean =>
      task.queues.some(({ topic, partition }) => held.has(partitionName(topic, partition)));
    const free = sought.filter(({ open }) => !isHeld(open));
    const bounds = await this.#restorer.bounds(free.map(({ open }) => open.task));
    this.#found = { sought: free, starts, bounds };
    if (free.length === sought.length) return;
    this.#seek.pause(heldMs);
    for (const open of seeking) {
      if (!isHeld(open) || open.isHeld) continue;
      open.isHeld = true;
      const text = `task ${open.task.id} waits for a transaction of another instance that is still open`;
      this.#options.thread.log('info', text);
    }
  }

  async #begin({ sought, starts, bounds }: Found): Promise<void> {
    for (const { open, attempt } of sought) {
      // It was closed, or goes back once more, while this was looked for.
      if (this.#open.get(open.task.id) !== open || open.attempt !== attempt) continue;
      open.task.seek(starts.offsets, starts.topicIds);
      this.#restorer.drop(open.task);
      await this.#restorer.begin(open.task, bounds);
      open.phase = 'restoring';
      open.isHeld = false;
    }
  }

  /**
   * Reads changelogs in the background. A task whose stores are at the ends of theirs is at work from now on.
   */
  restore(): void {
    const { log } = this.#options.thread;
    this.#hasNews = false;
    const failure = this.#restore.takePassing(isConnectionLost);
    if (failure) log('warn', `${failure.message}; trying again`, { code: failure.code });
    if (this.#restore.mayStart && this.#restorer.active) this.#restore.start(this.#restorer.step());
    for (const open of this.#open.values()) {
      if (open.phase !== 'restoring' || this.#restorer.isRestoring(open.task)) continue;
      open.phase = 'running';
      log('info', `task ${open.task.id} is running`);
    }
  }

  /** Forgets what is not committed: every task must find its positions again. */
  abort(): void {
    for (const open of this.#open.values()) {
      open.task.abort();
      open.phase = 'seeking';
      open.attempt++;
      this.#restorer.drop(open.task);
    }
  }

  /** The open tasks that are not among these, or have other inputs than they had. */
  without(ids: readonly string[]): Task[] {
    return this.all().filter((task) => !ids.includes(task.id) || this.#inputs?.haveChanged(task));
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
    await Promise.all([this.#seek.ended(), this.#restore.ended()]);
  }

  async #openTask(
    id: string,
    topics: ReadonlyMap<string, TopicDescription>,
    ages: ReadonlyMap<string, number>,
  ): Promise<void> {
    const { names, backend } = this.#options.thread;
    const topology = this.#topology;
    const [subId, partition] = id.split('_').map(Number);
    const subTopology = topology.subTopologies.find((sub) => sub.id === subId);
    if (!subTopology || partition === undefined) {
      throw new FatalError(
        'TOPOLOGY_INVALID',
        `task ${id} is not of this topology; do all members run the same code?`,
      );
    }
    for (const spec of subTopology.stores) checkChangelog(names.changelog(spec), partition, topics);
    const opened = await Promise.allSettled(
      subTopology.stores.map((spec) => {
        const changelog = names.changelog(spec);
        const changelogId = topics.get(changelog)?.id;
        return openState(spec, backend, { taskId: id, changelogId, maxAgeMs: ages.get(changelog) });
      }),
    );
    const committed = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    try {
      for (const one of opened) if (one.status === 'rejected') throw one.reason;
      const task = this.#makeTask(subTopology, partition, topics, committed);
      this.#open.set(id, { task, phase: 'seeking', attempt: 0, isHeld: false });
    } catch (error) {
      // Nobody else knows of them, and whoever opens the task next needs their files.
      await Promise.allSettled(committed.map((state) => state.close()));
      throw error;
    }
  }

  #makeTask(
    subTopology: SubTopology,
    partition: number,
    topics: ReadonlyMap<string, TopicDescription>,
    committed: readonly CommittedState[],
  ): Task {
    const { collector, refusals, globalStores, counts, calls, thread } = this.#options;
    const { names, metrics, failures, now, maxTaskIdleMs } = thread;
    return new Task({
      subTopology,
      partition,
      topicName: names.full,
      partitionsOf: (topic) => topics.get(topic)?.partitions ?? 0,
      collector,
      now,
      metrics,
      failures,
      refusals,
      counts,
      globalStores,
      maxTaskIdleMs,
      calls,
      openStores: (clocks) =>
        subTopology.stores.map((spec, i) => {
          const changelog = spec.changelog ? { topic: names.changelog(spec), partition } : undefined;
          return openStore(spec, committed[i] as CommittedState, changelog, clocks, this.#cache);
        }),
    });
  }

  async #close(task: Task, { flush }: { flush: boolean }): Promise<void> {
    const isRestoring = this.#open.get(task.id)?.phase === 'restoring';
    this.#open.delete(task.id);
    this.#restorer.drop(task);
    if (isRestoring) await this.#restore.ended();
    try {
      task.close();
    } catch (error) {
      this.#options.thread.log('warn', `closing the processors of task ${task.id} failed`, { error });
    }
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
