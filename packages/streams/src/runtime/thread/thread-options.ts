// What a stream thread is made of.
import type { Compression, KafkaPort } from '@activity/kafka';
import type { OffsetReset } from '../../api/offset-reset.ts';
import type { StateBackend } from '../../state/state-backend.ts';
import type { Topology } from '../../topology/topology.ts';
import type { FailurePolicy } from '../failure-policy.ts';
import type { InternalTopicSettings } from '../internal-topic-settings.ts';
import type { RuntimeMetrics } from '../metrics.ts';
import type { RestoreEvent } from '../restore-listener.ts';
import type { TopicNames } from '../topic-names.ts';
import type { ThreadState } from './thread-state.ts';

/** Settings of a thread. Times in milliseconds. */
export interface StreamThreadOptions {
  applicationId: string;
  instanceId: string;
  index: number;
  topology: Topology;
  names: TopicNames;
  internalTopics: InternalTopicSettings;
  kafka: KafkaPort;
  backend: StateBackend;
  metrics: RuntimeMetrics;
  failures: FailurePolicy;
  exactlyOnce: boolean;
  staticMembership: boolean;
  commitIntervalMs: number;
  /** The same while the input is behind. */
  maxCommitIntervalMs: number;
  /** How batches are compressed, of topics that others read and of the application's own. */
  compression: Compression;
  internalCompression: Compression;
  /** A commit begins early when this waits for it. */
  maxUncommittedBytes: number;
  maxUncommittedRecords: number;
  /** A partition is not fetched while this number of its records waits. */
  maxBufferedRecords: number;
  /** Each partition has an equal share of these; it is not fetched while its records take more. */
  maxBufferedBytes: number;
  /** How long a task waits for partitions that have nothing; see {@link StreamsOptions.maxTaskIdleMs}. */
  maxTaskIdleMs: number;
  /** How often committed state goes to disk. */
  stateFlushMs: number;
  /** More changes than these are never kept in memory only. */
  maxUnflushedChanges: number;
  /** The same in bytes of values. */
  maxUnflushedBytes: number;
  /** Entries of stores that are kept decoded. */
  maxCachedEntries: number;
  /** The same in bytes of keys and of values as their serdes write them. */
  maxCachedBytes: number;
  /** How often used-up records of internal topics are deleted. */
  purgeIntervalMs: number;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  transactionTimeoutMs: number;
  /** How often new partitions of input topics are looked for. */
  metadataMaxAgeMs: number;
  /** Of sources that have none of their own. */
  offsetReset: OffsetReset;
  now: () => number;
  log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: object) => void;
  onState: (state: ThreadState, error?: Error) => void;
  /** Called while stores are restored. */
  onRestore?: ((event: RestoreEvent) => void) | undefined;
}
