// The settings of a stream thread that tests of it have in common.
import { noMetrics } from '../runtime/metrics.ts';
import type { StreamThreadOptions } from '../runtime/thread/thread-options.ts';
import { memoryBackend } from '../state/memory-backend.ts';

type Own = 'topology' | 'names' | 'kafka' | 'failures' | 'now' | 'log' | 'onState';

/**
 * Of one thread, exactly once, its state in memory, in bounds that are not reached. Times in milliseconds.
 */
export function threadSettings(): Omit<StreamThreadOptions, Own> {
  return {
    applicationId: 'app',
    internalTopics: { prefix: 'app', replicationFactor: -1, config: {} },
    instanceId: 'one',
    index: 0,
    backend: memoryBackend(),
    metrics: noMetrics,
    exactlyOnce: true,
    staticMembership: false,
    commitIntervalMs: 10,
    maxCommitIntervalMs: 10,
    compression: 'none',
    internalCompression: 'none',
    maxUncommittedBytes: 16 * 1024 * 1024,
    maxUncommittedRecords: 1_000,
    maxBufferedRecords: 10_000,
    maxBufferedBytes: 64 * 1024 * 1024,
    maxTaskIdleMs: 0,
    stateFlushMs: 2_000,
    maxUnflushedChanges: 500_000,
    maxUnflushedBytes: 32 * 1024 * 1024,
    maxCachedEntries: 1_000,
    maxCachedBytes: 64 * 1024 * 1024,
    purgeIntervalMs: 30_000,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    transactionTimeoutMs: 10_000,
    metadataMaxAgeMs: 300_000,
    offsetReset: 'earliest',
  };
}
