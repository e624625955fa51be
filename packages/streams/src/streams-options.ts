// The settings of an application, and their defaults.
import type { SecurityOptions } from '@activity/kafka';
import { checkOffsetReset, type OffsetReset } from './api/offset-reset.ts';
import type { FailureChoices } from './runtime/failure-policy.ts';
import { internalTopicSettings, type InternalTopicConfig } from './runtime/internal-topic-settings.ts';
import type { LocalThreadOptions } from './runtime/local-thread.ts';
import type { RuntimeMetrics } from './runtime/metrics.ts';
import type { StateRestoreListener } from './runtime/restore-listener.ts';
import type {
  StreamsUncaughtExceptionHandler,
  UncaughtExceptionReply,
} from './runtime/uncaught-exception.ts';
import type { ThreadState } from './runtime/thread/thread-state.ts';
import type { TopologyModule } from './runtime/topology-module.ts';
import type { Topology } from './topology/topology.ts';

/** Where log lines go. */
export type StreamsLogger = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  details?: object,
) => void;

/** Settings of an application. Times in milliseconds. The table in the README is made from this. */
export interface StreamsOptions {
  /** The consumer group, and the prefix of transactional ids and, unless given, of internal topics. */
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
   * How record batches are compressed. Consumers must be able to read it: kafkajs reads gzip, and lz4 and
   * zstd only with a codec. Every setting is read, whatever was written before.
   * @default 'none'
   */
  compression?: 'none' | 'gzip' | 'lz4' | 'zstd';
  /**
   * The same for changelogs and repartition topics, which only the application reads. Unless given, as
   * `compression`.
   */
  internalCompression?: 'none' | 'gzip' | 'lz4' | 'zstd';
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
   * What a compressed batch may become when it is unpacked, and so all batches of one fetch, in bytes; a
   * record counts 128 bytes more. A larger batch, which a broker takes whatever it unpacks to, ends the
   * application with BATCH_TOO_LARGE.
   * @default 128 * 1024 * 1024
   */
  maxUnpackedBytes?: number;
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
   * Committed changes that may wait in memory for the disk, in each thread. Those that have expired do not
   * wait.
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
   * How often new partitions of input topics, and new topics of patterns, are looked for, in milliseconds.
   * @default 60_000
   */
  metadataMaxAgeMs?: number;
  /**
   * Where a partition without a committed offset begins: at its earliest record, at its end, at the first
   * record of a time ago, or nowhere, which ends the application. A source may have one of its own.
   * @default 'earliest'
   */
  offsetReset?: OffsetReset;
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
  /**
   * What the names of internal topics begin with, in place of `applicationId`; no other application's. With
   * another prefix the application begins with other topics, which are empty.
   */
  internalTopicPrefix?: string;
  /**
   * Replicas of an internal topic that is created; -1: the broker's `default.replication.factor`.
   * @default -1
   */
  replicationFactor?: number;
  /**
   * Settings that changelogs and repartition topics are created with, by their names in Kafka:
   * `{ changelog: { 'min.insync.replicas': '2' }, repartition: {} }`. Topics that exist stay as they are.
   */
  internalTopicConfig?: InternalTopicConfig;
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
   * Called while stores are restored from their changelogs: where each begins and ends, and how far it is.
   */
  restoreListener?: StateRestoreListener;
  /**
   * The time of day in epoch milliseconds. Worker threads have the real one.
   * @default Date.now
   */
  now?: () => number;
}

/** The settings of its threads that an application passes on to each of them. */
export type ThreadSettings = Omit<
  LocalThreadOptions,
  | 'failures'
  | 'index'
  | 'instanceId'
  | 'kafkaOptions'
  | 'log'
  | 'metrics'
  | 'now'
  | 'onRestore'
  | 'onState'
  | 'stateDir'
  | 'topology'
>;

/** What these options mean for a thread, with the defaults. */
export function threadSettings(options: StreamsOptions): ThreadSettings {
  const { commitIntervalMs = 100, maxCommitIntervalMs = commitIntervalMs } = options;
  const { compression = 'none', internalCompression = compression } = options;
  return {
    applicationId: options.applicationId,
    internalTopics: internalTopicSettings({
      ...options,
      replicationFactor: options.replicationFactor ?? -1,
    }),
    exactlyOnce: options.guarantee !== 'at_least_once',
    staticMembership: options.instanceId !== undefined || options.stateDir !== undefined,
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
    offsetReset: checkOffsetReset(options.offsetReset ?? 'earliest'),
  };
}
