// The connect supervisor's process: migrates MongoDB, registers the connectors,
// then watches them, and erases.
import { requiredSettings, settingProblem, topicSpecs, topicsOf, type Loss } from '@activity/contracts';
import {
  createLogger,
  createRegistry,
  kafkaSecurityOf,
  keepConnected,
  openKeys,
  promptly,
  reasonOf,
  runService,
  serverTlsOf,
  startMonitoring,
  trustCa,
  untilDone,
  watchSettings,
} from '@activity/service';
import type { ServiceContext } from '@activity/service';
import { MongoClient } from 'mongodb';
import { openTopicReader } from '@activity/streams';
import { Admin } from '@platformatic/kafka';
import { readConfig } from './config.ts';
import { createConnectClient } from './connect-client.ts';
import { connectorsFolder, loadConnectors, topicPlaceholders } from './connectors.ts';
import { Eraser } from './eraser.ts';
import { createErasureState, erasureRoute } from './erasure-state.ts';
import { createEventSearch, eventRoute } from './event-search.ts';
import { FreshnessTracker } from './freshness/freshness.ts';
import { LossWatch } from './freshness/losses.ts';
import { FreshnessRecord } from './freshness/record.ts';
import { repartitionTopics } from './freshness/repartition-topics.ts';
import { createInspection, stagesRoute } from './inspection.ts';
import { createMetrics } from './metrics.ts';
import { keepDoing } from './keep-doing.ts';
import { migrate } from './migrate.ts';
import { registerAll } from './registrar.ts';
import { readHoldings } from './retentions.ts';
import { sinkPositions, SinkRewinds, storedOffsets } from './sink-positions.ts';
import { sinkUri } from './sink-uri.ts';
import { supervise } from './supervise.ts';
import { Supervisor } from './supervisor.ts';
import { createWatchMetrics } from './watch/metrics.ts';
import { watchPipeline } from './watch/watch.ts';

const config = readConfig();
const logger = createLogger('connect', config.LOG_LEVEL);
trustCa(config);

async function start({ signal, onClose }: ServiceContext): Promise<void> {
  const topics = topicsOf(config);
  const kafka = { brokers: config.KAFKA_BROKERS, security: kafkaSecurityOf(config) };
  const { uri, database } = sinkUri(config.MONGODB_URI, {
    username: config.SINK_MONGODB_USERNAME,
    password: config.SINK_MONGODB_PASSWORD,
  });
  const connectors = await loadConnectors(connectorsFolder, {
    MONGODB_URI: uri,
    MONGODB_DATABASE: database,
    CONNECTOR_PREFIX: config.CONNECTOR_PREFIX,
    TASKS_MAX: String(config.SINK_TASKS_MAX),
    ...topicPlaceholders(topics),
  });
  const client = createConnectClient(config.CONNECT_URL, {
    username: config.CONNECT_USERNAME,
    password: config.CONNECT_PASSWORD,
  });
  const registry = createRegistry('connect');
  const names = connectors.map(({ name }) => name);
  const metrics = createMetrics(registry, names);
  const expected = [
    'connect',
    'kafka',
    'disks',
    ...(config.LEDGER_INTERVAL_MS > 0 ? ['ledger' as const] : []),
  ] as const;
  const watched = createWatchMetrics(registry, expected, Date.now);
  const supervisor = new Supervisor({
    client,
    names,
    logger,
    now: () => performance.now(),
    onStatus(statuses, seconds) {
      metrics.onStatus(statuses);
      watched.looked('connect', seconds);
    },
    onRestart: metrics.onRestart,
  });
  const mongo = new MongoClient(config.MONGODB_URI, { appName: 'activity-connect', ...promptly });
  const reader = openTopicReader({ ...kafka, clientId: 'activity-connect' });
  const eraser = new Eraser({
    db: mongo.db(),
    reader,
    topic: topics.erasures,
    topics,
    holdings: () => readHoldings(kafka, topics, config.KAFKA_GROUP_ID),
    markerTtlMs: config.MARKER_TTL_SECONDS * 1_000,
    receiptTtlMs: config.RECEIPT_TTL_DAYS * 86_400_000,
    againEveryMs: 30_000,
    now: Date.now,
    logger,
    onLook(counts) {
      erasures = counts;
      metrics.onErasures(counts);
    },
  });
  let erasures = { waiting: 0, kept: 0 };
  const admin = new Admin({
    clientId: 'activity-connect-watch',
    bootstrapBrokers: kafka.brokers,
    ...kafka.security,
  });
  const freshness = new FreshnessTracker({
    reader,
    record: new FreshnessRecord(mongo.db()),
    raw: topics.raw,
    sinks: connectors.map(({ name, config: { collection = '', topics: topic = '' } }) => ({
      connector: name,
      collection,
      topic,
    })),
    groupId: config.KAFKA_GROUP_ID,
    repartitions: repartitionTopics(admin, config.KAFKA_GROUP_ID, Date.now),
    now: Date.now,
    logger,
  });
  const losses = new LossWatch({
    reader,
    db: mongo.db(),
    topics: [
      { topic: topics.raw, of: 'raw', groupId: config.KAFKA_GROUP_ID },
      ...connectors.map(({ name, config: { collection = '', topics: topic = '' } }) => ({
        topic,
        of: collection as Loss['of'],
        groupId: `connect-${name}`,
      })),
    ],
    now: Date.now,
    logger,
  });
  const inspect = createInspection({
    reader,
    client,
    connectors,
    topics,
    groupId: config.KAFKA_GROUP_ID,
    erasures: () => erasures,
    asOf: (collection) => freshness.asOf(collection),
    now: Date.now,
  });
  const erasureState = createErasureState({
    reader,
    raw: topics.raw,
    groupId: config.KAFKA_GROUP_ID,
    waiting: (id) => eraser.waiting(id),
  });
  const search = createEventSearch({ reader, topics, groupId: config.KAFKA_GROUP_ID });
  const stored = topicSpecs(topics).filter(({ name }) => name !== topics.raw && name !== topics.deadLetter);
  const storedNames = stored.map(({ name }) => name);
  const settings = watchSettings({
    problem: async () => settingProblem(stored, await reader.settings(storedNames, requiredSettings)),
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
    readiness: () => settings.readiness(supervisor.readiness),
    routes: {
      '/stages': stagesRoute(inspect),
      '/event': eventRoute(search),
      '/erasure': erasureRoute(erasureState),
    },
  });
  onClose('the monitoring server', monitoring.close);
  logger.info({ port: monitoring.port, host: config.HOST }, 'listening');

  /** Retries a step that the connectors need, and is not ready until it is done. */
  async function retrying(what: string, step: () => Promise<void>): Promise<void> {
    await untilDone(step, {
      signal,
      onFailure(error, attempt) {
        const reason = reasonOf(error);
        supervisor.unready(`${what}: ${reason}`);
        if (attempt % 20 === 0) logger.warn({ reason }, `${what} failed: retrying`);
      },
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  const rewinds = new SinkRewinds();

  /** Shows how far the sink is, and erases what is to be erased. */
  async function erase(): Promise<void> {
    const positions = await sinkPositions(reader, connectors);
    metrics.onPositions(positions);
    watched.sinks(storedOffsets(positions));
    await eraser.look({ behind: rewinds.behind(positions), positions });
  }

  async function register(): Promise<void> {
    await retrying('registering connectors', async () => registerAll(client, connectors, logger));
  }

  try {
    const onFailure = (reason: string): void => supervisor.unready(`connecting to MongoDB: ${reason}`);
    await keepConnected(mongo, { signal, logger, onFailure });
    await retrying('migrating MongoDB', async () => {
      await migrate(mongo.db(), {
        indexedFilters: config.LOG_FILTER_INDEXES,
        markerTtlSeconds: config.MARKER_TTL_SECONDS,
        auditTtlDays: config.AUDIT_TTL_DAYS,
        windowTtlDays: {
          minute: config.MINUTE_TTL_DAYS,
          hour: config.HOUR_TTL_DAYS,
          day: config.DAY_TTL_DAYS,
        },
      });
    });
    const watch = watchPipeline({
      admin,
      reader,
      db: mongo.db(),
      topics,
      groupId: config.KAFKA_GROUP_ID,
      connectors,
      metrics: watched,
      everyMs: config.WATCH_INTERVAL_MS,
      ledgerEveryMs: config.LEDGER_INTERVAL_MS,
      signal,
      logger,
    });
    const supervising = supervise({
      supervisor,
      register: config.REGISTER_CONNECTORS ? register : undefined,
      pollIntervalMs: config.POLL_INTERVAL_MS,
      signal,
    });
    const pauseMs = (): number => config.POLL_INTERVAL_MS;
    const erasing = keepDoing({ failed: 'erasing: trying again', work: erase, pauseMs, signal, logger });
    const following = keepDoing({
      failed: 'finding how fresh the collections are: trying again',
      work: async () => freshness.look(),
      pauseMs: () => config.FRESHNESS_INTERVAL_MS * (freshness.busy ? 1 : 2),
      signal,
      logger,
    });
    const noticing = keepDoing({
      failed: 'looking for what retention deleted too early: trying again',
      work: async () => losses.look(),
      pauseMs: () => 5 * config.FRESHNESS_INTERVAL_MS,
      signal,
      logger,
    });
    await Promise.all([supervising, erasing, watch, following, noticing]);
  } finally {
    await Promise.allSettled([reader.close(), admin.close(), mongo.close()]);
  }
}

runService({ logger, start });
