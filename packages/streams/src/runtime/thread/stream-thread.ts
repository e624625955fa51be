// A stream thread: one group member with one writer, and the tasks assigned to it.
//
//   run:  control (assignments, recovery) ─▶ restore ─▶ process ─▶ punctuate ─▶ commit ─▶ wait for what comes first
//                                                                      └─ in flight while the next batch is worked on
//
// Callbacks of the group member do not act by themselves: they queue, and the loop takes them between two steps.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import {
  backoff,
  partitionName,
  RefusedRecordsError,
  type CommitResult,
  type CommittedOffset,
  type CommitWriter,
  type FetchedPartition,
  type Fetcher,
  type GroupIdentity,
  type GroupMember,
  type KafkaPort,
  type MemberSubscription,
  type TopicDescription,
  type RecordBatches,
} from '@activity/kafka';
import {
  FatalError,
  RejoinError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
} from '../../api/errors.ts';
import type { StateBackend } from '../../state/state-backend.ts';
import { cacheBudget, type CacheBudget } from '../../state/overlay.ts';
import type { Topology } from '../../topology/topology.ts';
import { readAssignment, writeAssignment, writeJoinData, type Assignment } from '../assignor.ts';
import { Collector } from '../collector.ts';
import { CommitIsolation, isOfRecords, RefusedCommitError } from '../commit-isolation.ts';
import type { FailurePolicy } from '../failure-policy.ts';
import { shapeOf, type TopologyShape } from '../fingerprint.ts';
import { planGroup } from '../group-plan.ts';
import { InputWatch } from '../input-watch.ts';
import type { RuntimeMetrics } from '../metrics.ts';
import { Purger } from '../purger.ts';
import type { RecordQueue } from '../record-queue.ts';
import { Restorer } from '../restorer.ts';
import { StartPositions } from '../start-positions.ts';
import { openState, openStore } from '../task-stores.ts';
import { Task } from '../task.ts';
import type { TopicNames } from '../topic-names.ts';
import type { ThreadState } from './thread-state.ts';

/** Settings of a thread. Times in milliseconds. */
export interface StreamThreadOptions {
  applicationId: string;
  instanceId: string;
  index: number;
  topology: Topology;
  names: TopicNames;
  kafka: KafkaPort;
  backend: StateBackend;
  metrics: RuntimeMetrics;
  failures: FailurePolicy;
  exactlyOnce: boolean;
  staticMembership: boolean;
  commitIntervalMs: number;
  /** A commit begins early when so much waits for it. */
  maxUncommittedBytes: number;
  maxUncommittedRecords: number;
  /** A partition is not fetched while so many of its records wait. */
  maxBufferedRecords: number;
  /** How often committed state goes to disk. */
  stateFlushMs: number;
  /** More changes than these are never kept in memory only. */
  maxUnflushedChanges: number;
  /** Entries of stores that are kept decoded. */
  maxCachedEntries: number;
  /** How often used-up records of internal topics are deleted. */
  purgeIntervalMs: number;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  transactionTimeoutMs: number;
  /** How often new partitions of input topics are looked for. */
  metadataMaxAgeMs: number;
  offsetReset: 'earliest' | 'latest';
  now: () => number;
  log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: object) => void;
  onState: (state: ThreadState, error?: Error) => void;
}

interface OpenTask {
  task: Task;
  /** Positions and stores must be brought up to what is committed before it may run. */
  ready: boolean;
  restoring: boolean;
}

interface Control {
  run: () => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** The least time that a task gets in its turn. */
const minTurnMs = 1;
const sliceMs = 20;
/** What waits for the commit is added up once for this many records. */
const recordsPerLook = 16;
/** How often a task is tried to be opened that another thread still has. */
const openingMs = 200;
const fetchWaitMs = 500;
const shortFetchWaitMs = 10;
const retries = { from: 100, to: 2000 };
/** How long a task may have no owner before the group assigns again. */
const pendingMs = 5_000;

/** See the top of this file. */
export class StreamThread {
  readonly #options: StreamThreadOptions;
  readonly #collector: Collector = new Collector();
  readonly #restorer: Restorer;
  readonly #purger: Purger;
  readonly #cache: CacheBudget;
  readonly #member: GroupMember;
  readonly #starts: StartPositions;
  readonly #inputs: InputWatch;
  readonly #shape: TopologyShape;
  readonly #tasks = new Map<string, OpenTask>();
  readonly #controls: Control[] = [];
  #fetcher: Fetcher;
  #fetching: Promise<void> | undefined;
  #arrived: FetchedPartition[] = [];
  #fetchFailure: unknown;
  #writer: CommitWriter | undefined;
  #committing: Promise<void> | undefined;
  #commitFailure: unknown;
  #lastCommit: number;
  #lastFlush: number;
  #flushing: Promise<void> | undefined;
  #flushFailure: unknown;
  #processedSinceCommit = 0;
  /** Tasks that another thread of this process has not closed yet. */
  readonly #waiting = new Set<string>();
  #lastOpening = 0;
  readonly #isolation = new CommitIsolation();
  /** The failure of a record that was met once: what comes before it is being committed. */
  #reachedFailure: unknown;
  /** The task whose turn is next. */
  #turn = 0;
  /** The task that has processed last. */
  #lastTask: Task | undefined;
  #state: ThreadState = 'CREATED';
  #closing = false;
  #running: Promise<void> | undefined;
  #releasing: Promise<void> | undefined;
  #wake: () => void = () => {};
  #failures = 0;
  #awaitingAssignment = false;
  /** Who this thread is in the group, as of its assignment; undefined without one. */
  #identity: GroupIdentity | undefined;
  #rejoinAt = Number.POSITIVE_INFINITY;

  constructor(options: StreamThreadOptions) {
    this.#options = options;
    const { kafka, metrics, now, applicationId, topology, names } = options;
    this.#restorer = new Restorer(kafka, metrics);
    this.#cache = cacheBudget(options.maxCachedEntries);
    const repartition = new Set(topology.repartitionTopics.map(({ name }) => names.full(name)));
    this.#purger = new Purger({
      kafka,
      isRepartition: (topic) => repartition.has(topic),
      intervalMs: options.purgeIntervalMs,
      now,
      log: options.log,
    });
    this.#starts = new StartPositions({
      kafka,
      groupId: applicationId,
      offsetReset: options.offsetReset,
      isRepartition: (topic) => repartition.has(topic),
      log: options.log,
    });
    this.#shape = shapeOf(topology, names);
    const topics = this.#shape.inputs.flat();
    this.#inputs = new InputWatch({
      kafka,
      topics,
      intervalMs: options.metadataMaxAgeMs,
      onChange: (changed) => {
        options.log('info', `joining again: partitions were added to ${changed.join(', ')}`);
        this.#member.rejoin();
      },
    });
    this.#fetcher = kafka.createFetcher();
    this.#lastCommit = now();
    this.#lastFlush = now();
    this.#member = kafka.createMember({
      groupId: applicationId,
      groupInstanceId: options.staticMembership ? `${options.instanceId}-${options.index}` : null,
      topics,
      sessionTimeoutMs: options.sessionTimeoutMs,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs,
      handler: {
        beforeJoin: () => this.#control(() => this.#beforeJoin()) as Promise<Buffer>,
        assign: (members) => this.#assign(members),
        onAssigned: (bytes) => this.#control(() => this.#assigned(readAssignment(bytes))) as Promise<boolean>,
        onLost: (reason) => this.#control(() => this.#lost(reason)) as Promise<void>,
        onFatal: (error) => this.#fatal(error),
      },
    });
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** The tasks that run here, by id. */
  tasks(): Task[] {
    return [...this.#tasks.values()].map(({ task }) => task);
  }

  start(): void {
    this.#running ??= this.#run();
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

  /** Gives back what is held: the tasks first, so that whoever gets them next finds their folders written and free. */
  async #release(leave: boolean): Promise<void> {
    for (const { task } of this.#tasks.values()) await this.#closeTask(task);
    this.#tasks.clear();
    this.#waiting.clear();
    await this.#member.close({ leave });
    await Promise.all([
      this.#fetcher.close(),
      this.#restorer.close(),
      this.#purger.close(),
      this.#inputs.close(),
      this.#writer?.close(),
    ]);
  }

  async #run(): Promise<void> {
    this.#setState('REBALANCING');
    this.#member.start();
    while (!this.#closing) {
      try {
        await this.#step();
      } catch (error) {
        if (!(await this.#recover(error))) break;
      }
    }
    if (this.#state !== 'ERROR') {
      await this.#commitAll().catch((error: unknown) => {
        this.#options.log('warn', 'the last commit failed; its records will be processed again', { error });
      });
    }
    for (const control of this.#controls.splice(0))
      control.reject(new RetriableError('CONNECTION_LOST', 'closing'));
    if (this.#state !== 'ERROR') return;
    // A thread that does nothing any more must not go on beating: its partitions would belong to nobody.
    this.#releasing ??= this.#release(true);
    await this.#releasing.catch((error: unknown) => {
      this.#options.log('warn', 'leaving after an error failed', { error });
    });
  }

  async #step(): Promise<void> {
    for (let control = this.#controls.shift(); control; control = this.#controls.shift()) {
      await control.run().then(control.resolve, control.reject);
    }
    if (this.#commitFailure !== undefined) throw this.#takeCommitFailure();
    if (this.#fetchFailure !== undefined) {
      const failure = this.#fetchFailure;
      this.#fetchFailure = undefined;
      throw failure;
    }
    if (!this.#awaitingAssignment) {
      if (this.#waiting.size > 0) await this.#openWaiting();
      await this.#prepareTasks();
    }
    const restored = await this.#restore();
    this.#takeArrived();
    this.#keepFetching();
    const processed = this.#process();
    const punctuated = this.#punctuate();
    if (this.#commitDue()) await this.#beginCommit();
    await this.#stopAtFailure();
    await this.#flushState();
    this.#purger.run(() => this.#runningTasks());
    this.#inputs.run();
    this.#rejoinWherePending();
    this.#updateState();
    if (processed > 0 || punctuated || restored) await nextTurn();
    else await this.#idle();
  }

  // ---- input

  #runningTasks(): Task[] {
    const running: Task[] = [];
    for (const { task, ready, restoring } of this.#tasks.values())
      if (ready && !restoring) running.push(task);
    return running;
  }

  #keepFetching(): void {
    if (this.#fetching || this.#arrived.length > 0 || this.#fetchFailure !== undefined) return;
    const { maxBufferedRecords } = this.#options;
    const queues = this.#runningTasks().flatMap((task) => task.queues);
    const positions = queues
      .filter((queue) => queue.size < maxBufferedRecords)
      .map(({ topic, partition, fetchPosition }) => ({ topic, partition, offset: fetchPosition }));
    if (positions.length === 0) return;
    // Those that have enough may have worked it off, and would wait, long before a record comes for the others.
    const waitMs = positions.length < queues.length ? shortFetchWaitMs : fetchWaitMs;
    this.#fetching = this.#fetcher
      .fetch(positions, waitMs)
      .then((arrived) => {
        this.#arrived = arrived;
      })
      .catch((error: unknown) => {
        this.#fetchFailure = error;
      })
      .finally(() => {
        this.#fetching = undefined;
        this.#wake();
      });
  }

  #takeArrived(): void {
    if (this.#arrived.length === 0) return;
    const queues = new Map<string, RecordQueue>();
    for (const task of this.#runningTasks()) {
      for (const queue of task.queues) queues.set(partitionName(queue.topic, queue.partition), queue);
    }
    let polled = 0;
    for (const { topic, partition, fetchOffset, records, nextOffset, endOffset } of this.#arrived) {
      const queue = queues.get(partitionName(topic, partition));
      if (!queue || queue.fetchPosition !== fetchOffset) continue;
      queue.add(records, nextOffset);
      polled += records.length;
      this.#options.metrics.lag(topic, partition, Math.max(0, endOffset - nextOffset) + queue.size);
    }
    this.#arrived = [];
    this.#options.metrics.polled(polled);
  }

  // ---- work

  /** Gives each task a turn, from where the last step ended: a partition with a backlog holds no other one up. */
  #process(): number {
    const tasks = this.#runningTasks();
    const turnMs = Math.max(minTurnMs, sliceMs / Math.max(1, tasks.length));
    const end = performance.now() + sliceMs;
    let processed = 0;
    for (let idle = 0; idle < tasks.length && performance.now() < end && this.#room() > 0;) {
      const task = tasks[this.#turn++ % tasks.length] as Task;
      const done = this.#takeTurn(task, turnMs);
      processed += done;
      idle = done === 0 ? idle + 1 : 0;
    }
    return processed;
  }

  #takeTurn(task: Task, turnMs: number): number {
    const began = performance.now();
    let records = 0;
    const isOver = (): boolean =>
      performance.now() - began >= turnMs || (++records % recordsPerLook === 0 && this.#isFull());
    const done = task.process(this.#room(), isOver);
    if (done === 0) return 0;
    this.#options.metrics.processed(task.id, done, performance.now() - began);
    this.#processedSinceCommit += done;
    this.#lastTask = task;
    return done;
  }

  /** How many records the next commit still takes. */
  #room(): number {
    const { limit } = this.#isolation;
    // One at a time: what is in flight must be known to be good before more is added.
    if (limit !== Number.POSITIVE_INFINITY && this.#committing) return 0;
    if (this.#isFull()) return 0;
    return Math.min(this.#options.maxUncommittedRecords, limit) - this.#processedSinceCommit;
  }

  /** Whether as many bytes wait for the next commit as may. */
  #isFull(): boolean {
    let bytes = this.#collector.pending.bytes;
    for (const { task } of this.#tasks.values())
      for (const { store } of task.stores) bytes += store.pendingBytes();
    return bytes >= this.#options.maxUncommittedBytes;
  }

  /** Commits what comes before a record that ends the application, then ends it. */
  async #stopAtFailure(): Promise<void> {
    const failed = this.#runningTasks().find(({ failure }) => failure !== undefined);
    if (!failed?.failure) return;
    const { failure } = failed;
    await this.#commitAll();
    throw failure;
  }

  #punctuate(): boolean {
    let called = false;
    for (const task of this.#runningTasks()) called = task.punctuateWallClock() || called;
    return called;
  }

  // ---- commit

  #commitDue(): boolean {
    if (this.#committing || this.#awaitingAssignment) return false;
    const { now, commitIntervalMs, maxUncommittedRecords } = this.#options;
    const passed = now() - this.#lastCommit;
    return (
      // A clock that was set back would hold commits up until it is where it was.
      passed >= commitIntervalMs ||
      passed < 0 ||
      this.#processedSinceCommit >= Math.min(maxUncommittedRecords, this.#isolation.limit) ||
      this.#isFull()
    );
  }

  async #beginCommit(): Promise<void> {
    const { metrics, now, maxUncommittedRecords } = this.#options;
    this.#lastCommit = now();
    const tasks = this.#runningTasks();
    const processed = this.#processedSinceCommit;
    const last = processed > 0 ? this.#lastTask?.last : undefined;
    const { offsets, records } = await this.#seal(tasks).catch((error: unknown) => {
      throw isOfRecords(error) ? new RefusedCommitError(error, processed, last) : error;
    });
    // Generation and member travel with the offsets: without any, what a stale member punctuates would be committed.
    if (records.count > 0 && offsets.length === 0)
      offsets.push(...tasks.slice(0, 1).map((task) => task.fence()));
    this.#processedSinceCommit = 0;
    if (offsets.length === 0 && records.count === 0) {
      for (const task of tasks) task.commit(new Map());
      return;
    }
    const began = performance.now();
    this.#committing = this.#write(records, offsets)
      .then((ends) => {
        for (const task of tasks) task.commit(ends);
        this.#purger.committed(offsets);
        this.#failures = 0;
        this.#isolation.committed(maxUncommittedRecords);
        metrics.committed(processed, records.bytes, performance.now() - began);
        records.release();
      })
      .catch((error: unknown) => {
        this.#commitFailure =
          error instanceof RefusedRecordsError ? new RefusedCommitError(error, processed, last) : error;
      })
      .finally(() => {
        this.#committing = undefined;
        this.#wake();
      });
  }

  /** Begins the commit of the tasks: what they held back, their changelog records and offsets. */
  async #seal(tasks: readonly Task[]): Promise<{ offsets: CommittedOffset[]; records: RecordBatches }> {
    for (const task of tasks) task.beforeCommit();
    await this.#placeUnknown();
    const offsets = tasks.flatMap((task) => task.seal());
    return { offsets, records: this.#collector.take() };
  }

  async #write(
    records: RecordBatches,
    offsets: Parameters<CommitWriter['commit']>[0]['offsets'],
  ): Promise<CommitResult> {
    if (!this.#writer) throw new RetriableError('CONNECTION_LOST', 'no writer is open');
    // The identity is that of the assignment: the member may have lost it meanwhile, and the broker must see that.
    if (!this.#identity) throw new RejoinError('GENERATION_STALE', 'committing without an assignment');
    return this.#writer.commit({ records, offsets, group: this.#identity });
  }

  /** Commits everything processed, and waits for it. */
  async #commitAll(): Promise<void> {
    await this.#committing;
    if (this.#commitFailure !== undefined) throw this.#takeCommitFailure();
    await this.#beginCommit();
    await this.#committing;
    if (this.#commitFailure !== undefined) throw this.#takeCommitFailure();
  }

  #reportState(): void {
    for (const task of this.#runningTasks()) {
      for (const { store } of task.stores) {
        this.#options.metrics.state(task.id, store.name, store.size(), store.bytes());
      }
    }
  }

  /** Writes committed state to disk now and then, beside the work; waits only where too much has gathered. */
  async #flushState(): Promise<void> {
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    const { now, stateFlushMs, maxUnflushedChanges } = this.#options;
    const stores = this.tasks().flatMap((task) => task.stores.map(({ store }) => store));
    if (!this.#flushing && now() - this.#lastFlush >= stateFlushMs) {
      this.#lastFlush = now();
      this.#reportState();
      this.#flushing = Promise.all(stores.map((store) => store.flush()))
        .then(() => {})
        .catch((error: unknown) => {
          this.#flushFailure = error;
        })
        .finally(() => (this.#flushing = undefined));
    }
    const waiting = stores.reduce((sum, store) => sum + store.unflushed(), 0);
    if (waiting > maxUnflushedChanges)
      await (this.#flushing ?? Promise.all(stores.map((store) => store.flush())));
  }

  async #placeUnknown(): Promise<void> {
    const topics = this.#collector.unknownTopics();
    if (topics.length === 0) return;
    const described = await this.#options.kafka.describeTopics(topics);
    for (const { name, partitions } of described.values()) this.#collector.know(name, partitions);
  }

  #takeCommitFailure(): unknown {
    const failure = this.#commitFailure;
    this.#commitFailure = undefined;
    return failure;
  }

  // ---- recovery

  /** After any failure: nothing uncommitted is kept. Answers whether the thread goes on. */
  async #recover(error: unknown): Promise<boolean> {
    const { log, metrics } = this.#options;
    if (error instanceof RefusedCommitError && (await this.#isolate(error))) return !this.#closing;
    if (await this.#goBackBefore(error)) return !this.#closing;
    const failure = error instanceof StreamsError ? error : undefined;
    if (!failure || failure instanceof FatalError) {
      this.#fatal(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    metrics.commitFailed(failure.code);
    log('warn', `${failure.message}; going back to the last commit`, { code: failure.code });
    if (failure instanceof TaskCorruptedError && failure.code === 'OFFSET_OUT_OF_RANGE') {
      log('error', 'input was deleted before it was processed; going on from what is left', {
        error: failure.message,
      });
    }
    await this.#dropUncommitted();
    if (failure instanceof RejoinError) {
      this.#awaitingAssignment = true;
      this.#member.rejoin();
    }
    this.#failures++;
    await Promise.race([sleep(backoff(this.#failures, retries)), this.#woken()]);
    return !this.#closing;
  }

  /** After a commit that was refused for what is in it: does its work again, so that it is taken, or the record is found. */
  async #isolate(refused: RefusedCommitError): Promise<boolean> {
    const { log, metrics, now } = this.#options;
    const { cause } = refused;
    const again = this.#learn(cause, now) || this.#isolation.refused(refused);
    if (!again) return false;
    metrics.commitFailed(cause instanceof StreamsError ? cause.code : 'PROCESSING_FAILED');
    log('warn', `${refused.message}; doing the last ${refused.processed} records again to find the one`);
    await this.#dropUncommitted();
    return true;
  }

  /** Takes note of what a topic refuses. Returns whether records are written in another way from now on. */
  #learn(cause: unknown, now: () => number): boolean {
    if (!(cause instanceof RefusedRecordsError)) return false;
    const { topic, refusedFor, records, bytes } = cause;
    if (refusedFor === 'time') return this.#collector.limitTimes(topic, now);
    if (refusedFor !== 'size' || records === 1) return false;
    this.#collector.limitBatches(topic, bytes);
    return true;
  }

  /** Where a record ends the application, the good ones before it are done again and committed before. */
  async #goBackBefore(error: unknown): Promise<boolean> {
    const isOfTask = this.tasks().some((task) => task.endsWith(error));
    if (!isOfTask || this.#reachedFailure === error) return false;
    this.#reachedFailure = error;
    await this.#dropUncommitted();
    return true;
  }

  async #dropUncommitted(): Promise<void> {
    await this.#committing;
    this.#commitFailure = undefined;
    await this.#writer?.close();
    this.#writer = undefined;
    this.#collector.abort();
    this.#processedSinceCommit = 0;
    for (const open of this.#tasks.values()) {
      open.task.abort();
      open.ready = false;
      this.#restorer.drop(open.task);
    }
  }

  #fatal(error: Error): void {
    this.#options.log('error', `stopping: ${error.message}`, { error });
    this.#closing = true;
    this.#setState('ERROR', error);
    this.#wake();
  }

  // ---- tasks

  /** Opens the writer, and brings tasks that are not ready to what is committed. The order matters: see the design. */
  async #prepareTasks(): Promise<void> {
    const waiting = [...this.#tasks.values()].filter(({ ready }) => !ready);
    if (waiting.length === 0) return;
    const { kafka, applicationId, exactlyOnce, instanceId, index, transactionTimeoutMs } = this.#options;
    if (!this.#writer) {
      const transactionalId = exactlyOnce ? `${applicationId}-${instanceId}-${index}` : null;
      const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs });
      // Ends what a predecessor with our id left open, so that the offsets read next are final.
      await writer.open();
      this.#writer = writer;
    }
    const inputs = waiting.flatMap(({ task }) =>
      task.queues.map(({ topic, partition }) => ({ topic, partition })),
    );
    const { offsets, topicIds } = await this.#starts.find(inputs);
    for (const open of waiting) {
      open.task.seek(offsets, topicIds);
      this.#restorer.drop(open.task);
      await this.#restorer.begin(open.task);
      open.restoring = true;
      open.ready = true;
    }
  }

  async #restore(): Promise<boolean> {
    if (this.#restorer.active) await this.#restorer.step();
    for (const open of this.#tasks.values()) {
      if (!open.ready || !open.restoring || this.#restorer.isRestoring(open.task)) continue;
      open.restoring = false;
      this.#options.log('info', `task ${open.task.id} is running`);
    }
    return this.#restorer.active;
  }

  async #openTasks(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { topology, names, kafka } = this.#options;
    const logged = topology.subTopologies.flatMap(({ stores }) =>
      stores.filter(({ changelog }) => changelog),
    );
    const inputs = topology.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(names.full));
    // Asked once for all tasks.
    const topics = await kafka.describeTopics([...new Set([...logged.map(names.changelog), ...inputs])]);
    for (const id of ids) {
      this.#waiting.delete(id);
      await this.#openTask(id, topics).catch((error: unknown) => {
        if (!(error instanceof RetriableError) || error.code !== 'STATE_LOCKED') throw error;
        this.#options.log('warn', error.message);
        this.#waiting.add(id);
      });
    }
  }

  /** Opens tasks that could not be opened yet. */
  async #openWaiting(): Promise<void> {
    if (performance.now() - this.#lastOpening < openingMs) return;
    this.#lastOpening = performance.now();
    await this.#openTasks([...this.#waiting]);
  }

  async #openTask(id: string, topics: ReadonlyMap<string, TopicDescription>): Promise<void> {
    const { topology, names, backend, metrics, failures, now } = this.#options;
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
      collector: this.#collector,
      now,
      metrics,
      failures,
      refusals: this.#isolation.refusals,
      openStores: (clocks) =>
        subTopology.stores.map((spec, i) => {
          const changelog = spec.changelog ? { topic: names.changelog(spec), partition } : undefined;
          return openStore(spec, committed[i] as (typeof committed)[number], changelog, clocks, this.#cache);
        }),
    });
    this.#tasks.set(id, { task, ready: false, restoring: true });
  }

  /** Closes a task. One that was lost is not flushed: another may run it, and has newer state. */
  async #closeTask(task: Task, { flush }: { flush: boolean } = { flush: true }): Promise<void> {
    this.#restorer.drop(task);
    task.close();
    for (const { store } of task.stores) {
      try {
        if (flush) await store.flush();
      } catch (error) {
        const text = `store ${store.name} of task ${task.id} was not written; it is restored from its changelog`;
        this.#options.log('warn', text, { error });
      }
      await store.close();
    }
  }

  // ---- rebalance

  async #beforeJoin(): Promise<Buffer> {
    const { instanceId, backend } = this.#options;
    this.#options.metrics.rebalanced();
    if (!this.#awaitingAssignment) {
      // What was processed is committed under the old generation; a failure only means it is processed again.
      await this.#commitAll().catch(async (error: unknown) => {
        if (error instanceof FatalError) throw error;
        await this.#dropUncommitted();
      });
    }
    this.#awaitingAssignment = true;
    const owned = [...this.#tasks.keys(), ...this.#waiting];
    return writeJoinData({ instanceId, owned, stored: backend.storedTasks(), topology: this.#shape });
  }

  async #assign(members: readonly MemberSubscription[]): Promise<Map<string, Buffer>> {
    const { kafka, log } = this.#options;
    const plan = await planGroup(members, { kafka, shape: this.#shape, log });
    return new Map([...plan].map(([memberId, given]) => [memberId, writeAssignment(given)]));
  }

  /** Takes an assignment in; answers whether something was given up, so that the member must join again. */
  async #assigned({ tasks: assigned, pending, refused }: Assignment): Promise<boolean> {
    this.#rejoinAt = pending > 0 ? performance.now() + pendingMs : Number.POSITIVE_INFINITY;
    if (refused) this.#options.log('error', otherTopology(this.#options.applicationId));
    const revoked = [...this.#tasks].filter(([id]) => !assigned.includes(id));
    this.#awaitingAssignment = false;
    this.#identity = this.#member.identity();
    if (revoked.length > 0) {
      // Still allowed: the partitions belong to nobody else before this member has joined again.
      await this.#commitAll().catch(async (error: unknown) => {
        if (error instanceof FatalError) throw error;
        await this.#dropUncommitted();
      });
      for (const [id, { task }] of revoked) {
        this.#tasks.delete(id);
        await this.#closeTask(task);
      }
    }
    for (const id of this.#waiting) if (!assigned.includes(id)) this.#waiting.delete(id);
    await this.#openTasks(assigned.filter((id) => !this.#tasks.has(id)));
    this.#options.log('info', `assigned ${assigned.length} tasks`, { assigned });
    return revoked.length > 0;
  }

  async #lost(reason: Error): Promise<void> {
    this.#options.log('warn', `membership was lost: ${reason.message}`);
    this.#identity = undefined;
    await this.#dropUncommitted();
    for (const { task } of this.#tasks.values()) await this.#closeTask(task, { flush: false });
    this.#tasks.clear();
    this.#waiting.clear();
    this.#awaitingAssignment = true;
  }

  #control(run: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closing) {
        reject(new RetriableError('CONNECTION_LOST', 'the thread is closing'));
        return;
      }
      this.#controls.push({ run, resolve, reject });
      this.#wake();
    });
  }

  /** A task without an owner gets one by another assignment, whatever became of who was to let go of it. */
  #rejoinWherePending(): void {
    if (performance.now() < this.#rejoinAt) return;
    this.#rejoinAt = Number.POSITIVE_INFINITY;
    this.#member.rejoin();
  }

  // ---- waiting

  async #idle(): Promise<void> {
    if (this.#closing || this.#controls.length > 0 || this.#arrived.length > 0) return;
    if (this.#commitFailure !== undefined || this.#fetchFailure !== undefined) return;
    const { now, commitIntervalMs } = this.#options;
    const untilCommit = Math.max(1, this.#lastCommit + commitIntervalMs - now());
    const abort = new AbortController();
    await Promise.race([
      sleep(Math.min(untilCommit, 100), undefined, { signal: abort.signal }).catch(() => {}),
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
    if (this.#awaitingAssignment) this.#setState('REBALANCING');
    else if (this.#waiting.size > 0) this.#setState('RESTORING');
    else if ([...this.#tasks.values()].some(({ ready, restoring }) => !ready || restoring))
      this.#setState('RESTORING');
    else this.#setState('RUNNING');
  }

  #setState(state: ThreadState, error?: Error): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}

function otherTopology(applicationId: string): string {
  return (
    `application ${applicationId} runs with another topology (input topics, repartition topics or stores): this ` +
    'instance gets no tasks until every instance of the other version has stopped; stop those, or start this one under an id of its own'
  );
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
