// The edge's process: configuration, producer, HTTP server, signals.
import { createServer } from 'node:http';
import { createLogger, listen, runService } from '@activity/service';
import type { ServiceContext } from '@activity/service';
import { getRequestListener } from '@hono/node-server';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { uuidV7 } from './event-id.ts';
import { BrokerProbe } from './kafka/broker-probe.ts';
import { EventWriter } from './kafka/event-writer.ts';
import { TopicSession } from './kafka/topic-session.ts';

const config = readConfig();
const logger = createLogger('ingest', config.LOG_LEVEL);

async function start({ onClose }: ServiceContext): Promise<void> {
  const topic = { brokers: config.KAFKA_BROKERS, topic: config.KAFKA_TOPIC };
  const writer = new EventWriter({
    session: new TopicSession({
      ...topic,
      connectTimeoutMs: 1_000,
      requestTimeoutMs: config.ACK_DEADLINE_MS,
    }),
    logger,
    deadlineMs: config.ACK_DEADLINE_MS,
    maxWaitingBytes: config.MAX_WAITING_BYTES,
  });
  onClose('the producer', async () => writer.close());

  const probe = new BrokerProbe(topic);
  onClose('the broker probe', async () => probe.close());
  await probe.start();

  const app = createApp({
    logger,
    readiness: () =>
      writer.accepting ? probe.readiness : { ready: false, reason: 'too much waits for the broker' },
    write: async (record, partition) => writer.write(record, partition),
    now: Date.now,
    newId: uuidV7,
    maxEventBytes: config.MAX_EVENT_BYTES,
    queryUrl: config.QUERY_URL,
    fetch,
  });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    (request, response) => void handle(request, response),
  );
  const http = await listen(server, config.PORT, config.HOST);
  onClose('the HTTP server', http.close);
  logger.info({ port: http.port, host: config.HOST, topic: config.KAFKA_TOPIC }, 'listening');
}

runService({ logger, start });
