// The composition root: a topology, a broker and a state folder become a running application.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type SecurityOptions, createKafka, type KafkaOptions } from '@activity/kafka';
import { FatalError, StreamsError } from './api/errors.ts';
import { failurePolicy, type FailureChoices } from './runtime/failure-policy.ts';
import { checkThreads } from './runtime/check-threads.ts';
import { prepareTopics } from './runtime/internal-topics.ts';
import { localThread } from './runtime/local-thread.ts';
import { noMetrics, type RuntimeMetrics } from './runtime/metrics.ts';
import { InstanceFigures } from './runtime/instance-figures.ts';
import { readableStore } from './runtime/readable-store.ts';
import { requestShutdown } from './runtime/application-shutdown.ts';
import { stderrLogger } from './runtime/stderr-logger.ts';
import { ThreadPool } from './runtime/thread-pool.ts';
import {
  isReply,
  noReply,
  type StreamsUncaughtExceptionHandler,
  type UncaughtExceptionReply,
} from './runtime/uncaught-exception.ts';
import type { ThreadState } from './runtime/thread/thread-state.ts';
import type { ThreadHandle } from './runtime/thread-handle.ts';
import { isModule, readTopology, type TopologyModule } from './runtime/topology-module.ts';
import { topicNames } from './runtime/topic-names.ts';
import { workerThread } from './runtime/worker-thread.ts';
import { instanceIdOf, openStateFolder } from './state/state-folder.ts';
import type { Streams } from './streams.ts';
import type { Topology } from './topology/topology.ts';

/** Where log lines go. */
export type StreamsLogger = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  details?: object,
) => void;

/** Settings of an application. Times in milliseconds. The table in the README is made from this. */
export interface StreamsOptions {
  /** The consumer group, and the prefix of internal topics and of transactional ids. */
  applicationId: string;
  /** What to run; as a module where `threads` is more than 1, since functions do not pass between threads. */
  topology: Topology | TopologyModule;
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  /** TLS and SASL. */
  security?: SecurityOptions;
  /**
   * Threads that share the work, each a member of the group; 1 runs in the calling thread.
   * @default 1
   */
  threads?: number;
  /**
   * A name for this instance that is the same after a restart, and no other instance's: with it the broker
   * recognises who comes back (static membership), and its old transaction is ended at once. With `stateDir`
   * it is made and kept there unless given.
   */
  instanceId?: string;
  /**
   * Folder for local state, one for each instance. Without it state is in memory and restored at every start.
   */
  stateDir?: string;
  /**
   * Whether outputs, changelogs and offsets commit in one transaction, or may be written twice after a crash.
   * @default 'exactly_once'
   */
  guarantee?: 'exactly_once' | 'at_least_once';
  /**
   * How often a commit begins.
   * @default 100
   */
  commitIntervalMs?: number;
  /**
   * How long a commit may wait while the input is behind: 1,000 records or more wait to be processed, one of
   * them for half a second. Fewer and larger commits write a key that changes often fewer times, to the
   * output and to the changelog. Unless given, as often as otherwise.
   */
  maxCommitIntervalMs?: number;
  /**
   * How record batches are compressed. Consumers must be able to read it: kafkajs reads gzip, and zstd only
   * with a codec. Every setting is read, whatever was written before.
   * @default 'none'
   */
  compression?: 'none' | 'gzip' | 'zstd';
  /**
   * The same for changelogs and repartition topics, which only the application reads. Unless given, as
   * `compression`.
   */
  internalCompression?: 'none' | 'gzip' | 'zstd';
  /**
   * A commit begins early when this many input records wait for it, in each thread.
   * @default 20_000
   */
  maxUncommittedRecords?: number;
  /**
   * A commit begins early when this many bytes of output and of store changes wait for it, or it has taken as
   * many of input, in each thread.
   * @default 16 * 1024 * 1024
   */
  maxUncommittedBytes?: number;
  /**
   * A partition is not fetched while this many of its records wait.
   * @default 10_000
   */
  maxBufferedRecords?: number;
  /**
   * The same in bytes, for all partitions of a thread, each of which has an equal share.
   * @default 32 * 1024 * 1024
   */
  maxBufferedBytes?: number;
  /**
   * How long a task waits for a partition that has nothing while others have records, so that all are
   * processed in the order of their times. 0: for what the broker has of it; more: for what comes later too;
   * -1: never.
   * @default 0
   */
  maxTaskIdleMs?: number;
  /**
   * How often committed state goes to disk.
   * @default 5000
   */
  stateFlushMs?: number;
  /**
   * How long the state of a task that runs elsewhere stays in `stateDir` after it was written last.
   * @default 600_000
   */
  stateCleanupDelayMs?: number;
  /**
   * Committed changes that may wait in memory for the disk, in each thread.
   * @default 500_000
   */
  maxUnflushedChanges?: number;
  /**
   * The same in bytes of values; as many again may be on their way to the disk.
   * @default 32 * 1024 * 1024
   */
  maxUnflushedBytes?: number;
  /**
   * Entries of key-value and window stores that are kept decoded in memory, in each thread.
   * @default 100_000
   */
  maxCachedEntries?: number;
  /**
   * The same in bytes of keys and serialized values, in each thread.
   * @default 32 * 1024 * 1024
   */
  maxCachedBytes?: number;
  /**
   * How often used-up records of repartition topics and of changelogs with expiring state are deleted.
   * @default 30_000
   */
  purgeIntervalMs?: number;
  /**
   * How long the group waits for a member that says nothing.
   * @default 10_000
   */
  sessionTimeoutMs?: number;
  /**
   * How long a rebalance waits for a member to finish what it does.
   * @default 60_000
   */
  rebalanceTimeoutMs?: number;
  /**
   * When the broker ends a transaction whose writer is gone.
   * @default 10_000
   */
  transactionTimeoutMs?: number;
  /**
   * How often new partitions of input topics are looked for, in milliseconds.
   * @default 60_000
   */
  metadataMaxAgeMs?: number;
  /**
   * Where a partition without a committed offset begins.
   * @default 'earliest'
   */
  offsetReset?: 'earliest' | 'latest';
  /**
   * What happens to records that cannot be read (`deserialization`), processed (`processing`) or written
   * (`production`): `fail`, `continue`, `deadLetter`, or a function that answers one of these. Where
   * `threads` is more than 1, not a function. `fail` unless given.
   */
  onFailure?: FailureChoices['onFailure'];
  /**
   * What becomes of the application when a thread has ended with an error: `replace-thread`,
   * `shut-down-client` (this instance), `shut-down-application` (every instance), or a function that returns
   * one of these.
   * @default 'shut-down-client'
   */
  onUncaughtException?: UncaughtExceptionReply | StreamsUncaughtExceptionHandler;
  /** Where dead letters go; it must exist. Needed where anything is dead-lettered. */
  deadLetterTopic?: string;
  /**
   * What is counted.
   * @default noMetrics
   */
  metrics?: RuntimeMetrics;
  /** Where log lines go. Unless given, errors go to stderr, and nothing else goes anywhere. */
  logger?: StreamsLogger;
  /**
   * Called with each new state, and with the error where it is ERROR: the threads close, then the state
   * folder is free.
   */
  onState?: (state: ThreadState, error?: Error) => void;
  /**
   * The time of day in epoch milliseconds. Worker threads have the real one.
   * @default Date.now
   */
  now?: () => number;
}

/**
 * Makes an application; nothing happens before `start()`.
 * @throws FatalError for settings that cannot work.
 * @example
 * const streams = createStreams({ applicationId: 'word-count', topology: builder.build(), brokers:
 * ['127.0.0.1:9092'] }); await streams.start();
 */
export function createStreams(options: StreamsOptions): Streams {
  const { applicationId, logger = stderrLogger, onState = () => {}, threads = 1 } = options;
  const { onUncaughtException = 'shut-down-client' } = options;
  const failures: FailureChoices = { onFailure: options.onFailure, deadLetterTopic: options.deadLetterTopic };
  failurePolicy(failures);
  checkThreads({ threads, topology: options.topology, onFailure: options.onFailure });
  if (typeof onUncaughtException !== 'function' && !isReply(onUncaughtException))
    throw new FatalError('CONFIGURATION_INVALID', `onUncaughtException: ${noReply(onUncaughtException)}`);
  const stateDir = options.stateDir === undefined ? undefined : join(options.stateDir, applicationId);
  let lock: { release(): void } | undefined;
  let pool: ThreadPool | undefined;
  let state: ThreadState = 'CREATED';
  let stateSince = Date.now();
  let errorCode: string | undefined;
  let reading: Promise<Topology> | undefined;
  const figures = new InstanceFigures(() => pool?.threads ?? []);
  let started = false;
  let closing: Promise<void> | undefined;

  function setState(next: ThreadState, error?: Error): void {
    if (next === state) return;
    state = next;
    stateSince = Date.now();
    if (error) errorCode = error instanceof StreamsError ? error.code : 'Error';
    onState(next, error);
  }

  /** Without it the folder is free for the next process, though this one may live on. */
  function unlock(): void {
    lock?.release();
    lock = undefined;
  }

  /** Who this instance is to the broker. */
  function identify(): { instanceId: string; kafkaOptions: KafkaOptions } {
    const instanceId =
      options.instanceId ?? (stateDir === undefined ? randomUUID() : instanceIdOf(stateDir, randomUUID));
    const { brokers, security } = options;
    return {
      instanceId,
      kafkaOptions: { brokers, clientId: `${applicationId}-${instanceId}`, ...(security && { security }) },
    };
  }

  async function createThread(
    index: number,
    topology: Topology,
    identity: ReturnType<typeof identify>,
    report: (state: ThreadState, error?: Error) => void,
  ): Promise<ThreadHandle> {
    const { commitIntervalMs = 100, maxCommitIntervalMs = commitIntervalMs } = options;
    const { compression = 'none', internalCompression = compression, metrics = noMetrics } = options;
    const settings = {
      applicationId,
      ...identity,
      index,
      stateDir,
      failures,
      exactlyOnce: options.guarantee !== 'at_least_once',
      staticMembership: options.instanceId !== undefined || stateDir !== undefined,
      commitIntervalMs,
      maxCommitIntervalMs,
      compression,
      internalCompression,
      maxUncommittedRecords: options.maxUncommittedRecords ?? 20_000,
      maxUncommittedBytes: options.maxUncommittedBytes ?? 16 * 1024 * 1024,
      maxBufferedRecords: options.maxBufferedRecords ?? 10_000,
      maxBufferedBytes: options.maxBufferedBytes ?? 32 * 1024 * 1024,
      maxTaskIdleMs: options.maxTaskIdleMs ?? 0,
      stateFlushMs: options.stateFlushMs ?? 5000,
      stateCleanupDelayMs: options.stateCleanupDelayMs ?? 600_000,
      maxUnflushedChanges: options.maxUnflushedChanges ?? 500_000,
      maxUnflushedBytes: options.maxUnflushedBytes ?? 32 * 1024 * 1024,
      maxCachedEntries: options.maxCachedEntries ?? 100_000,
      maxCachedBytes: options.maxCachedBytes ?? 32 * 1024 * 1024,
      purgeIntervalMs: options.purgeIntervalMs ?? 30_000,
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
      transactionTimeoutMs: options.transactionTimeoutMs ?? 10_000,
      metadataMaxAgeMs: options.metadataMaxAgeMs ?? 60_000,
      offsetReset: options.offsetReset ?? 'earliest',
    };
    if (threads === 1 || !isModule(options.topology)) {
      const now = options.now ?? Date.now;
      return localThread({ ...settings, topology, metrics, now, log: logger, onState: report });
    }
    const { url, options: moduleOptions } = options.topology;
    return workerThread({
      data: { module: String(url), moduleOptions, settings },
      metrics,
      log: logger,
      onState: report,
    });
  }

  async function shutDownApplication({ kafkaOptions }: ReturnType<typeof identify>): Promise<void> {
    const kafka = createKafka(kafkaOptions);
    const { sessionTimeoutMs = 10_000, rebalanceTimeoutMs = 60_000 } = options;
    try {
      await requestShutdown({ kafka, applicationId, sessionTimeoutMs, rebalanceTimeoutMs });
    } finally {
      await kafka.close();
    }
  }

  /** Loads the topology once; again after a failure. */
  function readOnce(): Promise<Topology> {
    reading ??= readTopology(options.topology).catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  }

  async function start(): Promise<void> {
    if (started) throw new FatalError('CONFIGURATION_INVALID', 'start() was called twice');
    started = true;
    try {
      await startAll(await readOnce());
    } catch (error) {
      if (!pool) unlock();
      throw error;
    }
  }

  async function startAll(topology: Topology): Promise<void> {
    if (stateDir !== undefined) {
      lock = await openStateFolder({ folder: stateDir, applicationId, log: logger });
    }
    const identity = identify();
    const kafka = createKafka(identity.kafkaOptions);
    try {
      const names = topicNames(applicationId, topology);
      await prepareTopics({ kafka, topology, names, deadLetterTopic: options.deadLetterTopic });
    } finally {
      await kafka.close();
    }
    pool = new ThreadPool({
      threads,
      createThread: (index, report) => createThread(index, topology, identity, report),
      onUncaughtException:
        typeof onUncaughtException === 'function' ? onUncaughtException : () => onUncaughtException,
      shutDownApplication: () => shutDownApplication(identity),
      onState: setState,
      onClosed: unlock,
      log: logger,
    });
    await pool.start();
  }

  async function closeAll(closeOptions: { leave: boolean }): Promise<void> {
    try {
      await pool?.close(closeOptions);
    } finally {
      unlock();
    }
    if (state !== 'ERROR') setState('CLOSED');
  }

  return {
    get state() {
      return state;
    },
    start,
    isReady: () => state === 'RUNNING',
    isHealthy: () => state !== 'ERROR' && state !== 'CLOSED',
    figures: async () => ({ ...(await figures.read()), applicationId, state, stateSince, errorCode }),
    describe: async () => {
      return { applicationId, topology: await readOnce(), deadLetterTopic: options.deadLetterTopic };
    },
    store: (name) => readableStore(name, () => pool?.handles ?? []),
    close: (closeOptions = { leave: true }) => (closing ??= closeAll(closeOptions)),
  };
}
