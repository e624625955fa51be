// The edge's process: configuration, producer, HTTP server, signals.
import { setFlagsFromString } from 'node:v8';
import { activityInputOf } from '@activity/contracts';
import { openTopicWriter } from '@activity/kafka';
import {
  createHostCheck,
  createHttpServer,
  createLogger,
  createRegistry,
  kafkaSecurityOf,
  listen,
  loggedFetch,
  openAuthenticator,
  openTracing,
  runService,
  serverTlsOf,
  startMonitoring,
  tracingOf,
  trustCa,
} from '@activity/service';
import type { Readiness, ServiceContext } from '@activity/service';
import { createApp } from './app.ts';
import { openAudit } from './audit/open-audit.ts';
import { readConfig } from './config.ts';
import { uuidV7 } from './event-id.ts';
import { proxyList } from './http/client-address.ts';
import { createCors } from './http/cors.ts';
import { createRateLimit } from './http/rate-limits.ts';
import { OpenStreams } from './http/open-streams.ts';
import { ReceivedBytes } from './http/received-bytes.ts';
import { noteSender } from './http/sender.ts';
import { requestIds } from './http/request-ids.ts';
import { BrokerClock } from './kafka/broker-clock.ts';
import { BrokerProbe } from './kafka/broker-probe.ts';
import { EventWriter } from './kafka/event-writer.ts';
import { watchRawSettings } from './kafka/raw-settings.ts';
import { rawTopic } from './kafka/raw-topic.ts';
import { createMetrics } from './metrics.ts';
import { openTypes } from './types/open-types.ts';

// At each collection some requests wait for the broker: V8 would conclude that their objects live long, and
// make all of them in the old generation. Collecting them there took a third of the edge's own CPU.
setFlagsFromString('--no-allocation-site-pretenuring');

const config = readConfig();
const logger = createLogger('ingest', config.LOG_LEVEL);
const tls = serverTlsOf(config);
trustCa(config);

async function start({ onClose }: ServiceContext): Promise<void> {
  const kafka = { brokers: config.KAFKA_BROKERS, security: kafkaSecurityOf(config) };
  const audit = openAudit({
    ...kafka,
    topic: config.KAFKA_AUDIT_TOPIC,
    deadlineMs: config.ACK_DEADLINE_MS,
    logger,
  });
  onClose('the audit', audit.close);
  const authenticator = await openAuthenticator({
    file: config.API_KEYS_FILE,
    production: config.NODE_ENV === 'production',
    allowAnonymous: config.ALLOW_ANONYMOUS,
    onKeys: audit.onKeys,
    logger,
  });
  onClose('the API keys', authenticator.close);

  let requestsInFlight = 0;
  const registry = createRegistry('ingest');
  const metrics = createMetrics(registry, {
    inFlight: () => requestsInFlight,
    waitingBytes: () => writer.waitingBytes,
    receivedBytes: () => received.held,
    ready: () => readiness().ready,
    clockAheadMs: () => clock.aheadMs,
  });

  const topic = { ...kafka, topic: config.KAFKA_TOPIC };
  const clock = new BrokerClock({ logger, now: Date.now });
  const topicWriter = openTopicWriter({
    ...topic,
    clientId: 'activity-ingest',
    connectTimeoutMs: 1_000,
    requestTimeoutMs: config.ACK_DEADLINE_MS,
  });
  const writer = new EventWriter({
    topic: rawTopic(topic.topic, topicWriter, clock),
    logger,
    compression: config.KAFKA_COMPRESSION,
    deadlineMs: config.ACK_DEADLINE_MS,
    maxWaitingBytes: config.MAX_WAITING_BYTES,
    onRound: metrics.round,
    onLoss: metrics.lost,
  });
  onClose('the producer', async () => writer.close());

  const probe = new BrokerProbe({
    ...topic,
    onUnready: (reason) => logger.warn({ reason }, 'not ready'),
  });
  onClose('the broker probe', async () => probe.close());
  await probe.start();

  const settings = watchRawSettings({ ...topic, logger });
  onClose('the watch over settings', settings.close);

  const catalogue = openTypes({
    ...kafka,
    topic: config.KAFKA_TYPES_TOPIC,
    builtIn: config.ACTIVITY_TYPES,
    unknown: config.UNKNOWN_TYPES,
    logger,
  });
  onClose('the catalogue of types', catalogue.close);

  function readiness(): Readiness {
    if (!writer.accepting) return { ready: false, reason: 'too much waits for the broker' };
    const asked = catalogue.readiness(settings.readiness(probe.readiness));
    if (!asked.ready || writer.failing === undefined) return asked;
    return { ready: false, reason: `events cannot be written: ${writer.failing}` };
  }

  const spans = tracingOf(config, 'ingest');
  const tracing = spans === undefined ? undefined : await openTracing(spans, logger);
  if (tracing !== undefined) onClose('the spans', tracing.close);

  const streams = new OpenStreams();
  const received = new ReceivedBytes({ maxBytes: config.MAX_RECEIVED_BYTES });
  const burstSeconds = config.RATE_LIMIT_BURST_SECONDS;
  const { listener } = createApp({
    gate: {
      logger,
      metrics,
      authenticator,
      publicKeys: authenticator.publicKeys,
      cors: createCors({
        origins: config.CORS_ORIGINS,
        moreHeaders: config.CORS_HEADERS,
        isOriginOfKey: authenticator.publicKeys.allowOrigin,
      }),
      isAllowedHost: createHostCheck({ open: authenticator.open, allowed: config.ALLOWED_HOSTS }),
      trustedProxies: proxyList(config.TRUSTED_PROXIES),
      limitPerKey: createRateLimit({ perSecond: config.RATE_LIMIT_PER_KEY, burstSeconds }),
      limitPerAddress: createRateLimit({ perSecond: config.RATE_LIMIT_PER_ADDRESS, burstSeconds }),
      limitPublicPerAddress: createRateLimit({
        perSecond: config.RATE_LIMIT_PUBLIC_PER_ADDRESS,
        burstSeconds,
      }),
      noteSender: noteSender({ address: config.SENDER_ADDRESS, userAgent: config.SENDER_USER_AGENT }),
      received,
      tracing,
      now: Date.now,
      newRequestId: requestIds(),
      inFlight: { begin: () => requestsInFlight++, end: () => requestsInFlight-- },
    },
    publisher: {
      write: (record, partition, tell) => writer.send(record, partition, tell),
      newId: uuidV7,
      metrics,
      maxEventBytes: config.MAX_EVENT_BYTES,
      rules: { input: activityInputOf(config.MIN_EVENT_YEAR), types: catalogue.types },
    },
    audit: audit.writer,
    catalogue,
    health: { readiness, registry, warning: () => clock.warning },
    forward:
      config.QUERY_URL === undefined
        ? undefined
        : { queryUrl: config.QUERY_URL, fetch: loggedFetch(logger), streams },
  });
  if (config.PROBE_PORT !== undefined) {
    const { PROBE_PORT: port, HOST: host } = config;
    const probes = await startMonitoring({ port, host, registry, readiness, tls });
    onClose('the probes', probes.close);
  }
  const server = createHttpServer(
    {
      // A client that sends its headers or its body slowly is given up; looked at every second.
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
    },
    listener,
    tls,
  );
  server.maxConnections = config.MAX_CONNECTIONS;
  const http = await listen(server, config.PORT, config.HOST, {
    graceMs: Math.min(config.ACK_DEADLINE_MS + 1_000, 8_000),
  });
  onClose('the HTTP server', http.close);
  // Before the server, which waits for all answers: some never end by themselves.
  onClose('forwarded streams', () => streams.end());
  logger.info({ port: http.port, host: config.HOST, topic: config.KAFKA_TOPIC }, 'listening');
}

runService({ logger, start });
