// The composition root: a topology, a broker and a state folder become a running application.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createKafka, type KafkaOptions } from '@activity/kafka';
import { FatalError, StreamsError } from './api/errors.ts';
import { failurePolicy, type FailureChoices } from './runtime/failure-policy.ts';
import { checkThreads } from './runtime/check-threads.ts';
import { endsWithin } from './runtime/ends-within.ts';
import { prepareTopics } from './runtime/internal-topics.ts';
import { localThread } from './runtime/local-thread.ts';
import { noMetrics } from './runtime/metrics.ts';
import { InstanceFigures } from './runtime/instance-figures.ts';
import { readableStore } from './runtime/readable-store.ts';
import { restoreNotifier } from './runtime/restore-listener.ts';
import { requestShutdown } from './runtime/application-shutdown.ts';
import { stderrLogger } from './runtime/stderr-logger.ts';
import { ThreadPool } from './runtime/thread-pool.ts';
import { isReply, noReply } from './runtime/uncaught-exception.ts';
import type { ThreadState } from './runtime/thread/thread-state.ts';
import type { ThreadHandle } from './runtime/thread-handle.ts';
import { isModule, readTopology } from './runtime/topology-module.ts';
import { topicNames } from './runtime/topic-names.ts';
import { resolveNow } from './runtime/topic-patterns.ts';
import { workerThread } from './runtime/worker-thread.ts';
import { instanceIdOf, openStateFolder } from './state/state-folder.ts';
import { threadSettings, type StreamsOptions } from './streams-options.ts';
import type { CloseOptions, Streams } from './streams.ts';
import type { Topology } from './topology/topology.ts';

export type { StreamsOptions } from './streams-options.ts';

/**
 * Makes an application; nothing happens before `start()`.
 * @throws FatalError for settings that cannot work.
 * @example
 * const streams = createStreams({ applicationId: 'word-count', topology: builder.build(), brokers:
 * ['127.0.0.1:9092'] }); await streams.start();
 */
export function createStreams(options: StreamsOptions): Streams {
  const { applicationId, logger = stderrLogger, onState = () => {}, threads = 1 } = options;
  const { onUncaughtException = 'shut-down-client', deadLetterTopic } = options;
  const failures: FailureChoices = { onFailure: options.onFailure, deadLetterTopic };
  failurePolicy(failures);
  const { internalTopics } = threadSettings(options);
  const { prefix } = internalTopics;
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
  let paused = false;
  const onRestore = restoreNotifier(options.restoreListener, logger);

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
      kafkaOptions: {
        brokers,
        clientId: `${applicationId}-${instanceId}`,
        ...(security && { security }),
        maxUnpackedBytes: options.maxUnpackedBytes ?? 128 * 1024 * 1024,
      },
    };
  }

  async function createThread(
    index: number,
    topology: Topology,
    identity: ReturnType<typeof identify>,
    report: (state: ThreadState, error?: Error) => void,
  ): Promise<ThreadHandle> {
    const metrics = options.metrics ?? noMetrics;
    const settings = { ...threadSettings(options), ...identity, index, stateDir, failures };
    if (threads === 1 || !isModule(options.topology)) {
      const now = options.now ?? Date.now;
      return localThread({ ...settings, topology, metrics, now, log: logger, onState: report, onRestore });
    }
    const { url, options: moduleOptions } = options.topology;
    return workerThread({
      data: { module: String(url), moduleOptions, settings },
      metrics,
      log: logger,
      onState: report,
      onRestore,
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
      const names = topicNames(prefix, topology);
      const resolved = await resolveNow(topology, () => kafka.listTopics(), prefix);
      await prepareTopics({ kafka, topology: resolved, names, internalTopics, deadLetterTopic });
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
    pool.setPaused(paused);
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

  function setPaused(isPaused: boolean): void {
    paused = isPaused;
    pool?.setPaused(isPaused);
  }

  async function close({ leaveGroup = true, timeoutMs }: CloseOptions = {}): Promise<boolean> {
    if (timeoutMs !== undefined && !(timeoutMs >= 0))
      throw new FatalError('CONFIGURATION_INVALID', `close: timeoutMs is ${timeoutMs}; give 0 or more`);
    closing ??= closeAll({ leave: leaveGroup });
    return endsWithin(closing, timeoutMs);
  }

  return {
    get state() {
      return state;
    },
    start,
    isReady: () => state === 'RUNNING',
    isHealthy: () => state !== 'ERROR' && state !== 'CLOSED',
    figures: async () => ({
      ...(await figures.read()),
      applicationId,
      state,
      stateSince,
      isPaused: paused,
      errorCode,
    }),
    describe: async () => {
      return { applicationId, topology: await readOnce(), deadLetterTopic, internalTopicPrefix: prefix };
    },
    store: (name) => readableStore(name, () => pool?.handles ?? []),
    get isPaused() {
      return paused;
    },
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    close,
  };
}
