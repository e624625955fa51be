// The processor's process: the activity topology on the stream runtime, until a signal or a fault.
import { setFlagsFromString } from 'node:v8';
import { topicsOf } from '@activity/contracts';
import {
  createLogger,
  createRegistry,
  kafkaSecurityOf,
  openKeys,
  reasonOf,
  runService,
  serverTlsOf,
  startMonitoring,
  untilDone,
  type ServiceContext,
} from '@activity/service';
import { createStreams, RetriableError, StreamsError, type Streams } from '@activity/streams';
import { topologyPage } from '@activity/streams/page';
import { readConfig } from './config.ts';
import { firstCopyRoute } from './first-copy.ts';
import { instanceMetrics } from './instance-metrics.ts';
import { streamsMetrics } from './metrics.ts';
import { applicationOf, readableDatabase } from './application.ts';
import { followCatalogue } from './catalogue.ts';
import { watchTopicSettings } from './topic-settings.ts';
import { showTypeCounts } from './type-counts.ts';

// V8 may put less than half as much code into one optimized function as it does by default (920). The code
// is as fast, and compiling it takes less CPU: most of what a process uses in its first seconds.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=400');

/**
 * The most that a commit holds, in each thread. The larger a commit is, the more of a user's events are in
 * one count. As much again may be on its way to the broker.
 */
const maxUncommittedRecords = 100_000;
const maxUncommittedBytes = 48 * 1024 * 1024;

const config = readConfig();
const logger = createLogger('processor', config.LOG_LEVEL);

async function start({ signal, onClose }: ServiceContext): Promise<void> {
  const topics = topicsOf(config);
  const registry = createRegistry('processor');
  const failed = Promise.withResolvers<never>();
  const metrics = streamsMetrics(registry);
  const catalogue = followCatalogue({
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
    topic: topics.types,
    logger,
  });
  onClose('the catalogue of types', catalogue.close);
  // Once: a start that failed is tried again with another application.
  const geoDatabase = readableDatabase(config.GEO_DATABASE, logger);
  function create(): Streams {
    return createStreams({
      ...applicationOf(config, { geoDatabase, types: catalogue.options() }),
      ...(config.INSTANCE_ID && { instanceId: config.INSTANCE_ID }),
      stateDir: config.STATE_DIR,
      threads: config.PROCESSOR_THREADS,
      commitIntervalMs: config.COMMIT_INTERVAL_MS,
      maxCommitIntervalMs: config.MAX_COMMIT_INTERVAL_MS,
      compression: config.KAFKA_COMPRESSION,
      internalCompression: config.KAFKA_INTERNAL_COMPRESSION,
      maxUncommittedRecords,
      maxUncommittedBytes,
      // Bad records are values of the topology, which dead-letters them itself. What still throws, or what a
      // broker refuses, must not stop everybody's records: it is a dead letter whose reason is the error's
      // name, and the ledger misses it.
      onFailure: { deserialization: 'deadLetter', processing: 'deadLetter', production: 'deadLetter' },
      deadLetterTopic: topics.deadLetter,
      metrics,
      logger: (level, message, details = {}) => {
        logger[level](details, message);
      },
      onState(state, error) {
        logger.info({ state }, 'state');
        if (state === 'ERROR') failed.reject(error ?? new Error('the stream processor stopped'));
      },
    });
  }
  let streams = create();
  let trouble: string | undefined;
  onClose('the counts by type', showTypeCounts(registry));
  instanceMetrics(registry, { isReady: () => streams.isReady(), stateDir: config.STATE_DIR });
  const settings = watchTopicSettings({
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
    topics,
    logger,
  });
  onClose('the watch over settings', settings.close);
  const authenticator = await openKeys(config.API_KEYS_FILE, logger);
  if (authenticator !== undefined) onClose('the API keys', authenticator.close);
  const monitoring = await startMonitoring({
    port: config.METRICS_PORT,
    host: config.HOST,
    registry,
    tls: serverTlsOf(config),
    authenticator,
    readiness: () =>
      settings.readiness(
        streams.isReady() ? { ready: true } : { ready: false, reason: trouble ?? streams.state },
      ),
    page: topologyPage(() => streams),
    routes: { '/dedupe': firstCopyRoute({ store: (name) => streams.store(name) }) },
  });
  onClose('the monitoring server', monitoring.close);
  onClose('the stream processor', async () => {
    await streams.close();
  });
  await untilDone(
    async () => {
      await catalogue.read();
      // With the types that are registered now.
      streams = create();
      try {
        await streams.start();
      } catch (error) {
        await streams.close();
        throw error;
      }
    },
    {
      signal,
      retryIf: passes,
      onFailure(error) {
        trouble = reasonOf(error);
        logger.warn({ reason: trouble }, 'start failed: retrying');
      },
    },
  );
  trouble = undefined;
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  await Promise.race([failed.promise, stopped]);
}

/** Whether a start may succeed later: the broker is away, or its topics are not created yet. */
function passes(error: unknown): boolean {
  return error instanceof RetriableError || (error instanceof StreamsError && error.code === 'TOPIC_UNKNOWN');
}

runService({ logger, start });
