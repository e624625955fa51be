// The composition root: a topology, a broker and a state folder become a running application.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FatalError } from './errors.ts';
import { createKafka } from './kafka/wire-port.ts';
import type { KafkaPort } from './kafka/port.ts';
import type { SecurityOptions } from './kafka/platformatic.ts';
import {
  failOnEverything,
  type FailureAction,
  type FailureHandler,
  type FailurePolicy,
} from './runtime/failure-policy.ts';
import { prepareTopics } from './runtime/internal-topics.ts';
import { noMetrics, type RuntimeMetrics } from './runtime/metrics.ts';
import { StreamThread, type ThreadState } from './runtime/stream-thread.ts';
import { topicNames } from './runtime/topic-names.ts';
import type { StateBackend } from './state/committed-state.ts';
import { diskBackend, instanceIdOf } from './state/disk-backend.ts';
import { memoryBackend } from './state/memory-state.ts';
import type { Topology } from './topology/topology.ts';

/** Where log lines go. */
export type StreamsLogger = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  details?: object,
) => void;

/** Settings of an application. Times in milliseconds. */
export interface StreamsOptions {
  /** The consumer group, the prefix of internal topics and of transactional ids. */
  applicationId: string;
  topology: Topology;
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  security?: SecurityOptions;
  /**
   * A name for this instance that is the same after a restart, and no other instance's: with it the broker
   * recognises who comes back (static membership), and its old transaction is ended at once. With `stateDir` it is made
   * and kept there unless given.
   */
  instanceId?: string;
  /** Folder for local state, one for each instance. Without it state is in memory and restored at every start. */
  stateDir?: string;
  guarantee?: 'exactly_once' | 'at_least_once';
  commitIntervalMs?: number;
  maxUncommittedRecords?: number;
  maxUncommittedBytes?: number;
  maxBufferedRecords?: number;
  stateFlushMs?: number;
  maxUnflushedChanges?: number;
  sessionTimeoutMs?: number;
  rebalanceTimeoutMs?: number;
  transactionTimeoutMs?: number;
  /** Where a partition without a committed offset begins. */
  offsetReset?: 'earliest' | 'latest';
  /** What happens to records that cannot be read, processed or written: `fail` unless given. */
  onFailure?: { [Stage in 'deserialization' | 'processing' | 'production']?: FailureAction | FailureHandler };
  deadLetterTopic?: string;
  metrics?: RuntimeMetrics;
  logger?: StreamsLogger;
  onState?: (state: ThreadState, error?: Error) => void;
  now?: () => number;
}

/** A running application. */
export interface Streams {
  readonly state: ThreadState;
  /** Checks and creates topics, joins the group. Resolves when it has begun; readiness is {@link isReady}. */
  start(): Promise<void>;
  /** RUNNING: every assigned task is at work. */
  isReady(): boolean;
  /** Not ERROR and not CLOSED. */
  isHealthy(): boolean;
  /** Commits what was processed, leaves the group, closes everything. May be called twice. */
  close(options?: { leave: boolean }): Promise<void>;
}

function handler(choice: FailureAction | FailureHandler | undefined): FailureHandler {
  if (choice === undefined) return () => 'fail';
  return typeof choice === 'string' ? () => choice : choice;
}

function failurePolicy({ onFailure = {}, deadLetterTopic }: StreamsOptions): FailurePolicy {
  const policy = {
    ...failOnEverything,
    deserialization: handler(onFailure.deserialization),
    processing: handler(onFailure.processing),
    production: handler(onFailure.production),
    deadLetterTopic,
  };
  if (deadLetterTopic === undefined && Object.values(onFailure).includes('deadLetter')) {
    throw new FatalError('CONFIGURATION_INVALID', "onFailure says 'deadLetter': set deadLetterTopic too");
  }
  return policy;
}

/**
 * Makes an application; nothing happens before `start()`.
 * @example
 * const streams = createStreams({ applicationId: 'word-count', topology: builder.build(), brokers: ['127.0.0.1:9092'] });
 * await streams.start();
 */
export function createStreams(options: StreamsOptions): Streams {
  const { applicationId, topology, logger = () => {}, onState = () => {} } = options;
  const names = topicNames(applicationId, topology);
  const failures = failurePolicy(options);
  const stateDir = options.stateDir === undefined ? undefined : join(options.stateDir, applicationId);
  const instanceId =
    options.instanceId ?? (stateDir === undefined ? randomUUID() : instanceIdOf(stateDir, randomUUID));
  let kafka: KafkaPort | undefined;
  let backend: StateBackend | undefined;
  let thread: StreamThread | undefined;
  let state: ThreadState = 'CREATED';
  let closing: Promise<void> | undefined;

  function setState(next: ThreadState, error?: Error): void {
    state = next;
    onState(next, error);
  }

  async function start(): Promise<void> {
    if (thread) throw new FatalError('CONFIGURATION_INVALID', 'start() was called twice');
    kafka = createKafka({
      brokers: options.brokers,
      clientId: `${applicationId}-${instanceId}`,
      ...(options.security && { security: options.security }),
    });
    await prepareTopics({ kafka, topology, names, deadLetterTopic: options.deadLetterTopic });
    backend =
      stateDir === undefined
        ? memoryBackend()
        : diskBackend({ folder: stateDir, applicationId, log: (level, message) => logger(level, message) });
    thread = new StreamThread({
      applicationId,
      instanceId,
      index: 0,
      topology,
      names,
      kafka,
      backend,
      metrics: options.metrics ?? noMetrics,
      failures,
      exactlyOnce: options.guarantee !== 'at_least_once',
      staticMembership: options.instanceId !== undefined || stateDir !== undefined,
      commitIntervalMs: options.commitIntervalMs ?? 100,
      maxUncommittedRecords: options.maxUncommittedRecords ?? 20_000,
      maxUncommittedBytes: options.maxUncommittedBytes ?? 16 * 1024 * 1024,
      maxBufferedRecords: options.maxBufferedRecords ?? 10_000,
      stateFlushMs: options.stateFlushMs ?? 2000,
      maxUnflushedChanges: options.maxUnflushedChanges ?? 500_000,
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
      transactionTimeoutMs: options.transactionTimeoutMs ?? 10_000,
      offsetReset: options.offsetReset ?? 'earliest',
      now: options.now ?? Date.now,
      log: logger,
      onState: setState,
    });
    thread.start();
  }

  async function close(closeOptions: { leave: boolean } = { leave: true }): Promise<void> {
    closing ??= (async () => {
      await thread?.close(closeOptions);
      await backend?.close();
      await kafka?.close();
      if (state !== 'ERROR' && state !== 'CLOSED') setState('CLOSED');
    })();
    await closing;
  }

  return {
    get state() {
      return state;
    },
    start,
    isReady: () => state === 'RUNNING',
    isHealthy: () => state !== 'ERROR' && state !== 'CLOSED',
    close,
  };
}
