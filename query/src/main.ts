// The query service's process: configuration, MongoDB, HTTP server, signals.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { collections } from '@activity/contracts';
import { createLogger, listen, openAuthenticator, runService } from '@activity/service';
import type { ServiceContext } from '@activity/service';
import { getRequestListener } from '@hono/node-server';
import { MongoClient } from 'mongodb';
import type { Db } from 'mongodb';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import type { LogDocument } from './log-json.ts';
import { createLogStore } from './log-store.ts';
import type { UserDocument } from './log-store.ts';

const pingWithinMs = 1_500;

const config = readConfig();
const logger = createLogger('query', config.LOG_LEVEL);

async function start({ onClose }: ServiceContext): Promise<void> {
  const authenticator = await openAuthenticator({
    file: config.API_KEYS_FILE,
    production: config.NODE_ENV === 'production',
    allowAnonymous: config.ALLOW_ANONYMOUS,
    logger,
  });
  onClose('the API keys', authenticator.close);

  // The driver connects with the first read, so the service starts, and says 503, while MongoDB is away.
  const client = new MongoClient(config.MONGODB_URI, {
    appName: 'activity-query',
    serverSelectionTimeoutMS: 2_000,
    connectTimeoutMS: 2_000,
    // For a server that falls silent, which no maxTimeMS reaches.
    socketTimeoutMS: config.READ_TIMEOUT_MS + 2_000,
    retryReads: true,
    // One document that another writer left with broken text must not hide the page that it is on.
    enableUtf8Validation: false,
  });
  onClose('the MongoDB client', async () => client.close());
  const db = client.db();
  const app = createApp({
    logger,
    authenticator,
    store: createLogStore({
      logs: db.collection<LogDocument>(collections.logs),
      users: db.collection<UserDocument>(collections.users),
      readTimeoutMs: config.READ_TIMEOUT_MS,
    }),
    ping: async () => answers(db),
  });
  const handle = getRequestListener(app.fetch);
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    (request, response) => void handle(request, response),
  );
  const http = await listen(server, config.PORT, config.HOST);
  onClose('the HTTP server', http.close);
  logger.info({ port: http.port, host: config.HOST, database: db.databaseName }, 'listening');
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
