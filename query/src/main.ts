// The query service's process: configuration, MongoDB, HTTP server, signals.
import { createServer } from 'node:http';
import { collections } from '@activity/contracts';
import { createLogger, listen, runService } from '@activity/service';
import type { ServiceContext } from '@activity/service';
import { getRequestListener } from '@hono/node-server';
import { MongoClient } from 'mongodb';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import type { LogDocument } from './log-json.ts';
import { createLogStore } from './log-store.ts';
import type { UserDocument } from './log-store.ts';

const config = readConfig();
const logger = createLogger('query', config.LOG_LEVEL);

async function start({ onClose }: ServiceContext): Promise<void> {
  // The driver connects with the first read, so the service starts, and says 503, while MongoDB is away.
  const client = new MongoClient(config.MONGODB_URI, {
    appName: 'activity-query',
    serverSelectionTimeoutMS: 2_000,
    connectTimeoutMS: 2_000,
    retryReads: true,
  });
  onClose('the MongoDB client', async () => client.close());
  const db = client.db();
  const app = createApp({
    logger,
    store: createLogStore({
      logs: db.collection<LogDocument>(collections.logs),
      users: db.collection<UserDocument>(collections.users),
      readTimeoutMs: config.READ_TIMEOUT_MS,
    }),
    ping: async () =>
      db.command({ ping: 1 }, { timeoutMS: 1_500 }).then(
        () => true,
        () => false,
      ),
  });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    (request, response) => void handle(request, response),
  );
  const http = await listen(server, config.PORT, config.HOST);
  onClose('the HTTP server', http.close);
  logger.info({ port: http.port, host: config.HOST, database: db.databaseName }, 'listening');
}

runService({ logger, start });
