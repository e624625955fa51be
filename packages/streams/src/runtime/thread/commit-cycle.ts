// The commits of a stream thread: one is in flight while the records of the next are processed.
import {
  RefusedRecordsError,
  type CommitResult,
  type CommittedOffset,
  type CommitWriter,
  type Compression,
  type GroupIdentity,
  type RecordBatches,
} from '@activity/kafka';
import { RejoinError, RetriableError } from '../../api/errors.ts';
import type { CollectedRecords, Collector } from '../collector.ts';
import { isOfRecords, RefusedCommitError, type CommitIsolation } from '../commit-isolation.ts';
import { internalTopics } from '../internal-topics.ts';
import type { Task } from '../task.ts';
import { CommitSize } from './commit-size.ts';
import { InFlight } from './in-flight.ts';
import type { TaskSet } from './task-set.ts';
import type { ThreadCalls } from './thread-calls.ts';
import type { StreamThreadOptions } from './thread-options.ts';

type About = ConstructorParameters<typeof RefusedCommitError>[1];

/** What a {@link CommitCycle} works on. */
export interface CommitCycleOptions {
  thread: StreamThreadOptions;
  tasks: TaskSet;
  collector: Collector;
  isolation: CommitIsolation;
  calls: ThreadCalls;
  /** Who this thread is in the group, as of its assignment; undefined without one. */
  identity: () => GroupIdentity | undefined;
  onCommitted: (offsets: readonly CommittedOffset[]) => void;
  /** A commit has ended, well or not. */
  onEnd: () => void;
}

/** See the top of this file. */
export class CommitCycle {
  readonly #options: CommitCycleOptions;
  readonly #commit: InFlight;
  #writer: CommitWriter | undefined;
  #opening: Promise<void> | undefined;
  #last: number;
  /** When the last commit has ended, and how long it took, in milliseconds. */
  #ended = { at: Number.NEGATIVE_INFINITY, durationMs: 0 };
  #processed = 0;
  /** Tasks that await are prepared for the next commit: it begins once their calls have settled. */
  #isPreparing = false;
  readonly #size: CommitSize;
  /** The task that has processed last. */
  #lastTask: Task | undefined;

  constructor(options: CommitCycleOptions) {
    this.#options = options;
    this.#commit = new InFlight(options.onEnd);
    this.#last = options.thread.now();
    this.#size = new CommitSize(options.thread.transactionTimeoutMs);
  }

  /** Whether the last commit failed, and nobody has taken its failure. */
  get hasFailed(): boolean {
    return this.#commit.hasFailed;
  }

  /** Throws the failure of the last commit. */
  throwFailure(): void {
    this.#commit.throwFailure();
  }

  /** A task has processed records that the next commit takes. */
  processed(task: Task, records: number): void {
    this.#processed += records;
    this.#lastTask = task;
  }

  /** How many records the next commit still takes. */
  room(): number {
    const { limit } = this.#options.isolation;
    // One at a time: what is in flight must be known to be good before more is added.
    if (limit !== Number.POSITIVE_INFINITY && this.#commit.isActive) return 0;
    if (this.isFull()) return 0;
    return Math.min(this.#maxRecords(), limit) - this.#processed;
  }

  /**
   * Whether as many bytes wait for the next commit as may. Those of the input are counted by themselves:
   * steps may hold records back that nobody else counts.
   */
  isFull(): boolean {
    const { collector, tasks, thread } = this.#options;
    const most = thread.maxUncommittedBytes * this.#size.share;
    return collector.pendingBytes + tasks.pendingBytes() >= most || tasks.processedBytes() >= most;
  }

  /** How long until the next commit is due, in milliseconds. */
  untilDue(): number {
    const { now, commitIntervalMs } = this.#options.thread;
    // Calls wake the thread when they settle.
    if (this.#isPreparing) return commitIntervalMs;
    return Math.max(1, this.#last + commitIntervalMs - now(), this.#restMs());
  }

  /**
   * Whether the next commit may begin: it is time for it, and no calls are in flight of the tasks that await.
   * These take no more records from the moment that it is time.
   */
  mayBegin(): boolean {
    if (!this.#isPreparing && !this.#isDue()) return false;
    const tasks = this.#options.tasks.running();
    this.#isPreparing = true;
    try {
      return this.#options.calls.prepare(tasks);
    } catch (error) {
      throw refusedFor(error, this.#about(tasks));
    }
  }

  #isDue(): boolean {
    if (this.#commit.isActive) return false;
    const { isolation, thread } = this.#options;
    const { now, commitIntervalMs } = thread;
    const passed = now() - this.#last;
    return (
      // A clock that was set back would hold commits up until it is where it was.
      (passed >= commitIntervalMs && this.#restMs() <= 0 && !this.#mayGrow(passed)) ||
      passed < 0 ||
      this.#processed >= Math.min(this.#maxRecords(), isolation.limit) ||
      this.isFull()
    );
  }

  /** Begins the commit of everything processed. */
  async begin(): Promise<void> {
    const { thread, isolation, onCommitted } = this.#options;
    const { metrics, now, maxUncommittedRecords } = thread;
    this.#last = now();
    const tasks = this.#options.tasks.running();
    const processed = this.#processed;
    const about = this.#about(tasks);
    const { hasPunctuated } = about;
    this.#isPreparing = false;
    const { offsets, collected } = await this.#seal(tasks).catch((error: unknown) => {
      throw refusedFor(error, about);
    });
    const { records } = collected;
    // Generation and member travel with the offsets: without any, what a stale member punctuates would be
    // committed.
    if (records.count > 0 && offsets.length === 0)
      offsets.push(...tasks.slice(0, 1).map((task) => task.fence()));
    this.#processed = 0;
    if (offsets.length === 0 && records.count === 0) {
      for (const task of tasks) task.commit(new Map());
      return;
    }
    const began = performance.now();
    const written = this.#writeAccepted(collected, offsets).then(
      ({ ends, accepted }) => {
        for (const task of tasks) task.commit(ends);
        onCommitted(offsets);
        isolation.committed(processed, maxUncommittedRecords, hasPunctuated);
        const durationMs = performance.now() - began;
        this.#ended = { at: performance.now(), durationMs };
        this.#size.succeeded(durationMs);
        metrics.committed(processed, accepted.bytes, durationMs);
        accepted.release();
      },
      (error: unknown) => {
        if (error instanceof RefusedRecordsError) throw new RefusedCommitError(error, about);
        throw this.#tooLong(error, performance.now() - began);
      },
    );
    this.#commit.start(written);
  }

  /** Commits everything processed, and waits for it. */
  async commitAll(): Promise<void> {
    await this.#commit.ended();
    this.#commit.throwFailure();
    const { calls, tasks, thread } = this.#options;
    // The group waits for this member, or somebody for the end of the thread.
    const drained = calls.drain(() => tasks.running(), thread.rebalanceTimeoutMs / 2);
    await drained.catch((error: unknown) => {
      throw refusedFor(error, this.#about(tasks.running()));
    });
    await this.begin();
    await this.#commit.ended();
    this.#commit.throwFailure();
  }

  /** Opens a writer where there is none. It ends what a predecessor with our id left open. */
  async openWriter(): Promise<void> {
    if (this.#writer) return;
    // Two at once would fence each other.
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    await this.#opening;
  }

  async #open(): Promise<void> {
    const { thread } = this.#options;
    const { kafka, applicationId, exactlyOnce, instanceId, index, transactionTimeoutMs } = thread;
    const transactionalId = exactlyOnce ? `${applicationId}-${instanceId}-${index}` : null;
    const internal = new Set(internalTopics(thread.topology, thread.names));
    const compression = (topic: string): Compression =>
      internal.has(topic) ? thread.internalCompression : thread.compression;
    const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs, compression });
    await writer.open();
    this.#writer = writer;
  }

  /** Drops everything that is not committed; all tasks must find their positions again. */
  async dropUncommitted(): Promise<void> {
    await this.#commit.ended();
    this.#commit.forget();
    await this.close();
    this.#options.collector.abort();
    this.#processed = 0;
    this.#isPreparing = false;
    this.#options.tasks.abort();
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  /**
   * How long there is to be no commit yet: as long as the last one took, and no longer than the interval.
   * Otherwise commits that take longer than the interval would follow each other at once, and each would have
   * little to write but all of what a commit costs.
   */
  #restMs(): number {
    const { at, durationMs } = this.#ended;
    return at + Math.min(durationMs, this.#options.thread.commitIntervalMs) - performance.now();
  }

  /**
   * Whether the next commit waits for more records. While the input is behind, what is written sooner is not
   * sooner up to date, and a later commit writes a key that changes again only once.
   */
  #mayGrow(passed: number): boolean {
    const { thread, tasks } = this.#options;
    return passed < thread.maxCommitIntervalMs && tasks.isBehind(thread.now());
  }

  #maxRecords(): number {
    return Math.max(1, Math.floor(this.#options.thread.maxUncommittedRecords * this.#size.share));
  }

  /**
   * The broker ends and fences a transaction that takes too long: the membership is what it was, only less
   * fits in one.
   */
  #tooLong(error: unknown, durationMs: number): unknown {
    const { exactlyOnce, transactionTimeoutMs } = this.#options.thread;
    if (!exactlyOnce || !this.#size.failed(durationMs)) return error;
    if (!(error instanceof RejoinError) || error.code !== 'PRODUCER_FENCED') return error;
    const text =
      `a transaction took ${Math.round(durationMs)} ms, and ${transactionTimeoutMs} ms is transactionTimeoutMs; ` +
      'the next ones are smaller';
    return new RetriableError('TIMED_OUT', text, { cause: error });
  }

  /** What a commit of these tasks is about, should it be refused. */
  #about(tasks: readonly Task[]): About {
    const processed = this.#processed;
    const last = processed > 0 ? this.#lastTask?.last : undefined;
    return { processed, last, hasPunctuated: tasks.some((task) => task.hasPunctuated) };
  }

  /** Begins the commit of the tasks: what they held back, their changelog records and offsets. */
  async #seal(tasks: readonly Task[]): Promise<{ offsets: CommittedOffset[]; collected: CollectedRecords }> {
    // Those that await are prepared already, and do nothing here.
    for (const task of tasks) task.prepareCommit();
    await this.#placeUnknown();
    const offsets = tasks.flatMap((task) => task.seal());
    return { offsets, collected: this.#options.collector.take() };
  }

  async #placeUnknown(): Promise<void> {
    const { collector, thread } = this.#options;
    const topics = collector.unknownTopics(thread.failures.deadLetterTopic);
    if (topics.length === 0) return;
    const described = await thread.kafka.describeTopics(topics);
    for (const { name, partitions } of described.values()) collector.know(name, partitions);
  }

  /**
   * Writes a commit; what the broker refuses is written again by a new writer, in a way that the broker may
   * take.
   */
  async #writeAccepted(
    collected: CollectedRecords,
    offsets: readonly CommittedOffset[],
  ): Promise<{ ends: CommitResult; accepted: RecordBatches }> {
    const { collector, thread } = this.#options;
    for (let given = collected; ;) {
      const writer = this.#writer;
      try {
        return { ends: await this.#write(given.records, offsets), accepted: given.records };
      } catch (error) {
        // Somebody has closed the writer: nobody waits for this commit any more.
        if (!(error instanceof RefusedRecordsError) || this.#writer !== writer) throw error;
        const rewritten = collector.rewrite(given, error, thread.now);
        if (!rewritten) throw error;
        thread.log('warn', `${error.message}; writing the commit again in a way that the broker may take`);
        thread.metrics.commitFailed(error.code);
        given = rewritten;
        await this.close();
        await this.openWriter();
      }
    }
  }

  async #write(records: RecordBatches, offsets: readonly CommittedOffset[]): Promise<CommitResult> {
    if (!this.#writer) throw new RetriableError('CONNECTION_LOST', 'no writer is open');
    // The identity is that of the assignment: the member may have lost it meanwhile, and the broker must see
    // that.
    const group = this.#options.identity();
    if (!group) throw new RejoinError('GENERATION_STALE', 'committing without an assignment');
    return this.#writer.commit({ records, offsets, group });
  }
}

/** What to throw for an error that was met while a commit began: a record may be to blame. */
function refusedFor(error: unknown, about: About): unknown {
  return isOfRecords(error) ? new RefusedCommitError(error, about) : error;
}
