// The query service's process: configuration, MongoDB, HTTP server, signals.
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, freshnessCollection, receiptsCollection, windowSizes } from '@activity/contracts';
import type { ErasureReceipt, Freshness, Losses } from '@activity/contracts';
import {
  createHostCheck,
  createHttpServer,
  createLogger,
  createRegistry,
  kafkaSecurityOf,
  keepConnected,
  listen,
  loggedFetch,
  openAuthenticator,
  promptly,
  runService,
  serverTlsOf,
  startMonitoring,
  trustCa,
  mongoRefusal,
} from '@activity/service';
import type { ServiceContext } from '@activity/service';
import { getRequestListener } from '@hono/node-server';
import { MongoClient } from 'mongodb';
import type { Db, MongoClientOptions } from 'mongodb';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { signedText } from './http/signed-text.ts';
import { cursorCodec, cursorKey, receivedCodec } from './logs/cursor.ts';
import type { LogDocument } from './logs/log-json.ts';
import { createAwaitLog } from './logs/await-log.ts';
import { createLogStore } from './logs/log-store.ts';
import { createFinal, offsetsAt } from './logs/received.ts';
import { createTotals } from './logs/total.ts';
import { createMetrics, watchClient } from './metrics.ts';
import { readPageFiles } from './page/page-files.ts';
import { createFreshness } from './pipeline/freshness.ts';
import { createLosses } from './pipeline/losses.ts';
import { createStages } from './pipeline/stages.ts';
import { createTrace } from './pipeline/trace.ts';
import { AnswerBudget } from './http/budget.ts';
import { atMost } from './reads/at-most.ts';
import { Pulse } from './reads/pulse.ts';
import { createReads } from './reads/reads.ts';
import { addedUp, createLedger } from './stats/ledger.ts';
import type { LedgerDocument } from './stats/ledger.ts';
import type { AuditDocument } from './routes/audit.ts';
import { createRollups } from './stats/rollups.ts';
import type { GlobalCountDocument } from './stats/rollups.ts';
import { createStoredAgain, minuteSources } from './stats/stored-again.ts';
import { createTopUsers } from './stats/top-users.ts';
import { createUserStats } from './stats/user-stats.ts';
import { createUserTimeline } from './stats/user-timeline.ts';
import type { CountDocument } from './stats/user-timeline.ts';
import { createUserStore } from './stats/user-store.ts';
import type { UserDocument } from './stats/user-store.ts';
import { TailHub } from './tail/hub.ts';
import { createTails } from './tail/tail.ts';
import { createTypeReads } from './types/type-figures.ts';
import { followCatalogue } from './types/type-names.ts';

const pingWithinMs = 1_500;

const config = readConfig();
const logger = createLogger('query', config.LOG_LEVEL);
const tls = serverTlsOf(config);
trustCa(config);

const clientOptions: MongoClientOptions = {
  appName: 'activity-query',
  ...promptly,
  waitQueueTimeoutMS: 2_000,
  // For a server that falls silent, which no maxTimeMS reaches.
  socketTimeoutMS: config.READ_TIMEOUT_MS + 2_000,
  retryReads: true,
  // One document that another writer left with broken text must not hide the page that it is on.
  enableUtf8Validation: false,
};

async function start({ signal, onClose }: ServiceContext): Promise<void> {
  const authenticator = await openAuthenticator({
    file: config.API_KEYS_FILE,
    production: config.NODE_ENV === 'production',
    allowAnonymous: config.ALLOW_ANONYMOUS,
    sessionKey: config.SESSION_KEY,
    logger,
  });
  if (!authenticator.open && config.SESSION_KEY === undefined)
    logger.warn('SESSION_KEY is not set: sign-ins end with this process, and hold for this instance alone');
  onClose('the API keys', authenticator.close);

  const registry = createRegistry('query');
  const metrics = createMetrics(registry, { tails: () => tails.open() });
  const client = new MongoClient(config.MONGODB_URI, { ...clientOptions, maxPoolSize: config.MAX_POOL_SIZE });
  // Change streams hold their connections while they wait: reads must not wait for them.
  const tailClient = new MongoClient(config.MONGODB_URI, clientOptions);
  watchClient(client, registry, 'reads');
  watchClient(tailClient, registry, 'tails');
  onClose('the MongoDB clients', async () => {
    await Promise.all([client.close(), tailClient.close()]);
  });
  // Not awaited: the service starts, and returns 503, while MongoDB is away.
  const connected = keepConnected(client, { signal, logger });
  void keepConnected(tailClient, { signal, logger });
  const db = client.db();
  // On the other client, so that reads which hold all connections are not taken for silence.
  const pulse = new Pulse({ ping: async () => tailClient.db().command({ ping: 1 }) });
  const logs = db.collection<LogDocument>(collections.logs);
  const reads = createReads({
    readTimeoutMs: config.READ_TIMEOUT_MS,
    slowReadMs: config.SLOW_READ_MS,
    explainEveryMs: config.EXPLAIN_EVERY_MS,
    metrics,
    logger,
    now: Date.now,
    guard: async (work) => pulse.guard(work),
  });
  const userDocuments = db.collection<UserDocument>(collections.users);
  const counts = db.collection<CountDocument>(collections.counts);
  const users = createUserStore(reads, userDocuments);
  const freshnessDocuments = db.collection<Freshness>(freshnessCollection);
  const freshness = createFreshness(reads, freshnessDocuments);
  const losses = createLosses(reads, db.collection<Losses>(freshnessCollection));
  const rollups = createRollups({
    reads,
    globalCounts: db.collection<GlobalCountDocument>(collections.globalCounts),
    storedAgain: createStoredAgain(reads, minuteSources(db)),
    now: Date.now,
  });
  const ledgerDocuments = db.collection<LedgerDocument>(collections.ledger);
  const ledger = createLedger(reads, ledgerDocuments);
  const receipts = db.collection<ErasureReceipt>(receiptsCollection);
  const stages = createStages({
    supervisorUrl: config.SUPERVISOR_URL,
    processorUrls: config.PROCESSOR_URLS,
    apiKey: config.STAGES_API_KEY,
    fetch: loggedFetch(logger),
    onRefused: (url, status) =>
      logger.error({ url, status }, 'the API key is refused: set STAGES_API_KEY to one with the scope read'),
  });
  const catalogue = followCatalogue({
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
    topic: config.KAFKA_TYPES_TOPIC,
    builtIn: config.ACTIVITY_TYPES,
    unknown: config.UNKNOWN_TYPES,
    logger,
  });
  onClose('the catalogue of types', catalogue.close);
  const ping = async (): Promise<boolean> => answers(db);
  const tailed = tailClient.db().collection<LogDocument>(collections.logs);
  const hub = new TailHub({
    logs: tailed,
    logger,
    lingerMs: 60_000,
    guard: async (work) => pulse.guard(work),
  });
  const tails = createTails({ hub, logs: tailed, logger, onDropped: metrics.tailDropped });
  const store = createLogStore(reads, logs, Date.now);
  const signedWith = cursorKey(config.CURSOR_KEY, config.MONGODB_URI);
  const page = readPageFiles();
  if (page === undefined) logger.warn('the page is not built: npm run build -w query');
  const app = createApp({
    gate: {
      logger,
      metrics,
      authenticator,
      isAllowedHost: createHostCheck({ open: authenticator.open, allowed: config.ALLOWED_HOSTS }),
      now: Date.now,
    },
    health: { ping, registry },
    logs: {
      types: catalogue,
      store,
      cursors: cursorCodec(signedWith),
      totalOf: createTotals({
        reads,
        logs,
        user: async (userId) => users.find(userId),
        sum: async (from, to) => rollups.sum(from, to, await freshness('globalCounts', 'counts')),
        now: Date.now,
      }),
      awaitLog: createAwaitLog({ stored: store.stored, ending: signal }),
      deep: atMost({ atOnce: 2, waiting: 20, message: 'too many deep pages are read: use the cursor' }),
      budget: new AnswerBudget(config.MAX_UNREAD_BYTES),
    },
    users: { users, timeline: createUserTimeline(reads, counts, Date.now), freshness },
    stats: {
      rollups,
      userStats: createUserStats({ reads, users: userDocuments, counts, now: Date.now }),
      topUsers: createTopUsers({ reads, users: userDocuments, counts }),
      stored: async () => addedUp(await ledger.sums()).enriched,
      freshness,
      now: Date.now,
    },
    pipeline: { stages, ledger, ping, freshness, losses, now: Date.now },
    trace: createTrace({ reads, store, logs, receipts, stages, losses }),
    erasures: { reads, receipts, stages },
    catalogue: {
      catalogue,
      reads: createTypeReads({ reads, logs, rollups, freshness, now: Date.now }),
      unknown: config.UNKNOWN_TYPES,
    },
    audit: {
      reads,
      audit: db.collection<AuditDocument>(collections.audit),
      cursors: signedText(signedWith),
      freshness,
    },
    tails,
    maxTails: config.MAX_TAILS,
    maxExports: config.MAX_EXPORTS,
    received: {
      final: createFinal(reads, freshnessDocuments),
      offsetsAt: async (time, partitions) => offsetsAt(reads, ledgerDocuments, time, partitions),
      cursors: receivedCodec(signedWith),
    },
    ending: signal,
    sessionHours: config.SESSION_HOURS,
    page,
  });
  if (config.PROBE_PORT !== undefined) {
    const { PROBE_PORT: port, HOST: host } = config;
    const probes = await startMonitoring({
      port,
      host,
      registry,
      tls,
      readiness: async () =>
        (await ping()) ? { ready: true } : { ready: false, reason: 'MongoDB does not answer' },
    });
    onClose('the probes', probes.close);
  }
  const handle = getRequestListener(app.fetch);
  const server = createHttpServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, maxHeaderSize: 16_384 },
    (request, response) => void handle(request, response),
    tls,
  );
  server.maxConnections = config.MAX_CONNECTIONS;
  server.timeout = config.STALLED_AFTER_MS;
  const http = await listen(server, config.PORT, config.HOST);
  onClose('the HTTP server', http.close);
  // Before the server: it waits for all answers, and these do not end by themselves.
  onClose('the tail', async () => hub.close());
  logger.info({ port: http.port, host: config.HOST, database: db.databaseName }, 'listening');
  await connected;
  if (signal.aborted) return;
  // What timelines ask for most is added up before anyone asks.
  await freshness('globalCounts', 'counts')
    .then(async (fresh) => rollups.cells(Date.now() - 31 * windowSizes.day, Date.now(), fresh))
    .catch((error: unknown) => {
      const reason = mongoRefusal(error);
      if (reason !== undefined) logger.error({ reason }, 'MongoDB read failed');
    });
}

async function answers(db: Db): Promise<boolean> {
  const late = new AbortController();
  try {
    return await Promise.race([
      db.command({ ping: 1, maxTimeMS: pingWithinMs }).then(() => true),
      sleep(pingWithinMs, false, { signal: late.signal }),
    ]);
  } catch {
    return false;
  } finally {
    late.abort();
  }
}

runService({ logger, start });
