// A stream thread: one group member with one writer, and the tasks assigned to it.
//
//   run:  control (assignments, recovery) ─▶ restore ─▶ process ─▶ punctuate ─▶ commit ─▶ wait for what comes first
//                                                                      └─ in flight while the next batch is worked on
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '@activity/kafka';
import { FatalError, RejoinError, StreamsError, TaskCorruptedError } from '../../api/errors.ts';
import { cacheBudget } from '../../state/cache-budget.ts';
import { Collector } from '../collector.ts';
import { CommitIsolation, RefusedCommitError } from '../commit-isolation.ts';
import { shapeOf } from '../fingerprint.ts';
import { errorOf } from '../error-message.ts';
import { globalRows, globalStores, type GlobalRows } from '../global-tables.ts';
import { Purger } from '../purger.ts';
import type { Task } from '../task.ts';
import { lagsOf, sizesOf } from '../task-figures.ts';
import { addLags, mergeSizes, type StoreSize, type ThreadFigures } from '../thread-figures.ts';
import { matchesOf } from '../topic-patterns.ts';
import { sinkTopics } from '../topic-names.ts';
import { outputsToLookAt, TopicWatch } from '../topic-watch.ts';
import { TopologyCounts } from '../topology-counts.ts';
import { CommitCycle } from './commit-cycle.ts';
import { GlobalInput } from './global-input.ts';
import { ThreadInput } from './input.ts';
import { Membership } from './membership.ts';
import { StateFlush } from './state-flush.ts';
import { TaskSet } from './task-set.ts';
import { ThreadCalls } from './thread-calls.ts';
import type { StreamThreadOptions } from './thread-options.ts';
import type { ThreadState } from './thread-state.ts';
import { Turns } from './turns.ts';

/** Sizes of stores that were read within this time are given again: a large store takes a while to count. */
const sizesKeptMs = 5000;
const retries = { from: 100, to: 2000 };

/** See the top of this file. */
export class StreamThread {
  readonly #options: StreamThreadOptions;
  readonly #counts = new TopologyCounts();
  readonly #isolation = new CommitIsolation();
  readonly #globals: readonly GlobalRows[];
  readonly #globalInput: GlobalInput;
  readonly #tasks: TaskSet;
  readonly #input: ThreadInput;
  readonly #turns: Turns;
  readonly #commits: CommitCycle;
  readonly #calls: ThreadCalls;
  readonly #flush: StateFlush;
  readonly #membership: Membership;
  readonly #purger: Purger;
  readonly #topicWatch: TopicWatch;
  /** The failure of a record that was met once: what comes before it is being committed. */
  #reachedFailure: unknown;
  #state: ThreadState = 'CREATED';
  #closing = false;
  #isPaused = false;
  #running: Promise<void> | undefined;
  #releasing: Promise<void> | undefined;
  #wake: () => void = () => {};
  #failures = 0;
  #sizes: { at: number; of: string; stores: StoreSize[] } | undefined;

  constructor(options: StreamThreadOptions) {
    this.#options = options;
    const { kafka, metrics, now, topology, names, log, maxBufferedRecords, maxBufferedBytes } = options;
    const repartition = new Set(topology.repartitionTopics.map(({ name }) => names.full(name)));
    const isRepartition = (topic: string): boolean => repartition.has(topic);
    const shape = shapeOf(topology, names);
    const sinks = sinkTopics(topology, names);
    const isolation = this.#isolation;
    const collector = new Collector();
    const wake = (): void => this.#wake();
    this.#purger = new Purger({ kafka, isRepartition, intervalMs: options.purgeIntervalMs, now, log });
    const cache = cacheBudget(options.maxCachedEntries, options.maxCachedBytes);
    this.#globals = globalRows(topology, cache);
    this.#globalInput = new GlobalInput({
      kafka,
      rows: this.#globals,
      failures: options.failures,
      metrics,
      counts: this.#counts,
      metadataMaxAgeMs: options.metadataMaxAgeMs,
      log,
      // Each thread has the same rows: the first speaks for all.
      onRestore: options.index === 0 ? options.onRestore : undefined,
      onEnd: wake,
    });
    this.#calls = new ThreadCalls(wake);
    this.#tasks = new TaskSet({
      thread: options,
      counts: this.#counts,
      globalStores: globalStores(this.#globals),
      collector,
      refusals: isolation,
      calls: this.#calls.host,
      onEnd: wake,
    });
    this.#input = new ThreadInput({ kafka, metrics, maxBufferedRecords, maxBufferedBytes, log, onEnd: wake });
    this.#commits = new CommitCycle({
      thread: options,
      tasks: this.#tasks,
      collector,
      isolation,
      calls: this.#calls,
      identity: () => this.#membership.identity,
      onCommitted: (offsets) => {
        this.#purger.committed(offsets);
        this.#tasks.committed(offsets);
        this.#failures = 0;
      },
      onEnd: wake,
    });
    this.#turns = new Turns(this.#commits, metrics);
    this.#flush = new StateFlush(this.#tasks, options);
    this.#topicWatch = new TopicWatch({
      kafka,
      inputs: shape.inputs.flat(),
      patterns: shape.patterns && {
        matching: () => this.#matching(shape.patterns?.flat() ?? []),
        assigned: () => this.#tasks.matchedTopics,
      },
      outputs: () => outputsToLookAt({ sinks, known: collector.topics, isRepartition }),
      intervalMs: options.metadataMaxAgeMs,
      onOutput: (topic, partitions) => collector.know(topic, partitions),
      onInputs: (changed) => {
        log('info', `joining again: topics or their partitions have changed: ${changed.join(', ')}`);
        this.#membership.joinAgain();
      },
    });
    this.#membership = new Membership({
      thread: options,
      shape,
      tasks: this.#tasks,
      commits: this.#commits,
      isClosing: () => this.#closing,
      onFatal: (error) => this.#fatal(error),
      onControl: wake,
    });
  }

  async #matching(patterns: readonly string[]): Promise<string[]> {
    const { kafka, names } = this.#options;
    // Where two patterns match one topic, the leader's plan fails with the remedy.
    const listed = await kafka.listTopics();
    return [...new Set(patterns.flatMap((pattern) => matchesOf(pattern, listed, names.prefix)))];
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** The tasks that run here. */
  tasks(): Task[] {
    return this.#tasks.all();
  }

  /** The global tables that this thread has. */
  globals(): readonly GlobalRows[] {
    return this.#globals;
  }

  /** What this thread does now. Of global tables only the first thread speaks: all have the same rows. */
  figures(): ThreadFigures {
    const tasks = this.#tasks.all();
    const { ids, remaining } = this.#tasks;
    const globals = new Set(this.#globals.map(({ table }) => table.name));
    const isFirst = this.#options.index === 0;
    const { edges, nodes } = this.#counts.read();
    const left = [...remaining].map(([store, offsets]) => {
      return { store, tasks: 0, entries: 0, bytes: 0, remaining: offsets };
    });
    return {
      tasks: ids.length,
      idleTasks: ids.length - this.#tasks.running().length,
      topics: addLags([...lagsOf(tasks), ...(isFirst ? this.#globalInput.lags : [])]),
      stores: mergeSizes([...this.#readSizes(tasks, isFirst), ...left]),
      edges: edges.filter(({ to }) => isFirst || !globals.has(to)),
      nodes,
    };
  }

  #readSizes(tasks: readonly Task[], withGlobals: boolean): StoreSize[] {
    const of = tasks.map(({ id }) => id).join();
    const at = performance.now();
    if (this.#sizes && this.#sizes.of === of && at - this.#sizes.at < sizesKeptMs) return this.#sizes.stores;
    const globals = withGlobals ? this.#globals : [];
    const stores = [
      ...sizesOf(tasks),
      ...globals.map(({ table: { store: spec }, store }) => {
        return { store: spec.name, tasks: 1, entries: store.size(), bytes: store.bytes(), remaining: 0 };
      }),
    ];
    this.#sizes = { at, of, stores };
    return stores;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Pauses or resumes: no record is processed and no punctuator called while it is paused. Commits of what
   * was done, restoring, global tables and the membership go on.
   */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#wake();
  }

  /** Finishes what is in flight, commits, and leaves the group (or stays, for a quick return). */
  async close({ leave }: { leave: boolean } = { leave: true }): Promise<void> {
    if (!this.#running) return;
    this.#closing = true;
    this.#wake();
    await this.#running;
    await (this.#releasing ??= this.#release(leave));
    if (this.#state !== 'ERROR') this.#setState('CLOSED');
  }

  /**
   * Gives back what is held: the tasks first, so that whoever gets them next finds their folders written and
   * free.
   */
  async #release(leave: boolean): Promise<void> {
    await this.#tasks.close();
    await this.#membership.close({ leave });
    await Promise.all([
      this.#input.close(),
      this.#globalInput.close(),
      this.#purger.close(),
      this.#topicWatch.close(),
      this.#commits.close(),
    ]);
  }

  async #run(): Promise<void> {
    this.#setState('REBALANCING');
    this.#membership.start();
    while (!this.#closing) {
      try {
        await this.#step();
      } catch (error) {
        if (!(await this.#recover(error))) break;
      }
    }
    if (this.#state !== 'ERROR') {
      await this.#commits.commitAll().catch((error: unknown) => {
        this.#options.log('warn', 'the last commit failed; its records will be processed again', { error });
      });
    }
    this.#membership.refuseControls();
    if (this.#state !== 'ERROR') return;
    // A thread that does nothing any more must not go on beating: its partitions would belong to nobody.
    this.#releasing ??= this.#release(true);
    await this.#releasing.catch((error: unknown) => {
      this.#options.log('warn', 'leaving after an error failed', { error });
    });
  }

  async #step(): Promise<void> {
    await this.#membership.runControls();
    this.#commits.throwFailure();
    this.#input.throwFailure();
    if (!this.#membership.isAwaitingAssignment) {
      await this.#tasks.openWaiting();
      await this.#tasks.seek(() => this.#commits.openWriter());
    }
    this.#tasks.restore();
    await this.#globalInput.run();
    const running = this.#globalInput.isReady ? this.#tasks.running() : [];
    this.#input.takeArrived(running);
    this.#input.keepFetching(running);
    const working = this.#isPaused ? [] : running;
    // A pause takes no more records; what was begun is ended and committed.
    this.#calls.deliver(running);
    const processed = this.#turns.take(working);
    const punctuated = this.#punctuate(working);
    if (!this.#membership.isAwaitingAssignment && this.#commits.mayBegin()) await this.#commits.begin();
    await this.#stopAtFailure();
    await this.#flush.run();
    this.#purger.run(() => this.#tasks.running());
    this.#topicWatch.run();
    this.#membership.rejoinWherePending();
    this.#updateState();
    if (processed > 0 || punctuated) await nextTurn();
    else await this.#idle();
  }

  #punctuate(tasks: readonly Task[]): boolean {
    let called = false;
    for (const task of tasks) called = task.punctuateWallClock() || called;
    return called;
  }

  /** Commits what comes before a record that ends the application, then ends it. */
  async #stopAtFailure(): Promise<void> {
    const failed = this.#tasks.running().find(({ failure }) => failure !== undefined);
    if (!failed?.failure) return;
    const { failure } = failed;
    await this.#commits.commitAll();
    throw failure;
  }

  // ---- recovery

  /** After any failure: nothing uncommitted is kept. Returns whether the thread goes on. */
  async #recover(error: unknown): Promise<boolean> {
    const { log, metrics } = this.#options;
    if (error instanceof RefusedCommitError && (await this.#isolate(error))) return !this.#closing;
    if (await this.#goBackBefore(error)) return !this.#closing;
    const failure = error instanceof StreamsError ? error : undefined;
    if (!failure || failure instanceof FatalError) {
      this.#fatal(errorOf(error));
      return false;
    }
    metrics.commitFailed(failure.code);
    log('warn', `${failure.message}; going back to the last commit`, { code: failure.code });
    if (failure instanceof TaskCorruptedError && failure.code === 'OFFSET_OUT_OF_RANGE') {
      log('error', 'input was deleted before it was processed; going on from what is left', {
        error: failure.message,
      });
    }
    // Where a topic is gone, the group plans without it; until then its offsets would be waited for.
    this.#topicWatch.lookSoon();
    this.#topicWatch.run();
    await this.#commits.dropUncommitted();
    if (failure instanceof RejoinError) this.#membership.giveUpAssignment();
    this.#failures++;
    await Promise.race([sleep(backoff(this.#failures, retries)), this.#woken()]);
    return !this.#closing;
  }

  /**
   * After a commit that was refused for what is in it: does its work again, so that what it is refused for is
   * found.
   */
  async #isolate(refused: RefusedCommitError): Promise<boolean> {
    const { log, metrics } = this.#options;
    const { cause } = refused;
    if (!this.#isolation.refused(refused)) return false;
    metrics.commitFailed(cause instanceof StreamsError ? cause.code : 'PROCESSING_FAILED');
    log('warn', `${refused.message}; doing the last ${refused.processed} records again to find the one`);
    await this.#commits.dropUncommitted();
    return true;
  }

  /** Where a record ends the application, the good ones before it are done again and committed before. */
  async #goBackBefore(error: unknown): Promise<boolean> {
    const isOfTask = this.tasks().some((task) => task.endsWith(error));
    if (!isOfTask || this.#reachedFailure === error) return false;
    this.#reachedFailure = error;
    await this.#commits.dropUncommitted();
    return true;
  }

  #fatal(error: Error): void {
    this.#options.log('error', `thread failed: ${error.message}`, { error });
    this.#closing = true;
    this.#setState('ERROR', error);
    this.#wake();
  }

  // ---- waiting

  async #idle(): Promise<void> {
    if (this.#closing || this.#membership.hasControls) return;
    if (this.#commits.hasFailed || this.#input.hasNews || this.#tasks.hasNews) return;
    if (this.#globalInput.hasNews || this.#calls.hasNews) return;
    const abort = new AbortController();
    await Promise.race([
      sleep(Math.min(this.#commits.untilDue(), 100), undefined, { signal: abort.signal }).catch(() => {}),
      this.#woken(),
    ]);
    abort.abort();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #updateState(): void {
    if (this.#membership.isAwaitingAssignment) this.#setState('REBALANCING');
    else this.#setState(this.#tasks.areRunning && this.#globalInput.isReady ? 'RUNNING' : 'RESTORING');
  }

  #setState(state: ThreadState, error?: Error): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}
