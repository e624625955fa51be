// The query service as a Hono app: routes and error answers, without servers or clients.
import { failureOf, failureResponse } from '@activity/service';
import type { Authenticator, Failure, Logger } from '@activity/service';
import { Hono } from 'hono';
import type { LogStore } from './log-store.ts';
import { isAway } from './mongo-errors.ts';
import { healthRoutes } from './routes/health.ts';
import { logRoutes } from './routes/logs.ts';
import { userRoutes } from './routes/users.ts';

/** Everything the app is made of. */
export interface AppDeps {
  logger: Logger;
  store: LogStore;
  authenticator: Authenticator;
  /** Whether MongoDB answers. */
  ping: () => Promise<boolean>;
}

/** Builds the app. */
export function createApp({ logger, store, authenticator, ping }: AppDeps): Hono {
  const app = new Hono();
  app.route('/', healthRoutes(ping));
  // After health, which is open to everyone.
  app.use('/api/*', async (c, next) => {
    const identity = authenticator.identify(c.req.header('authorization'), c.req.header('x-api-key'));
    if (identity === undefined) return failureResponse({ kind: 'unauthorized' });
    if (!identity.scopes.has('read')) {
      return failureResponse({ kind: 'forbidden', message: 'the API key lacks the scope read' });
    }
    await next();
  });
  app.route('/', logRoutes(store));
  app.route('/', userRoutes(store));
  app.notFound(() => failureResponse({ kind: 'not-found', what: 'Path' }));
  app.onError((error, c) => {
    const failure: Failure = isAway(error)
      ? { kind: 'unavailable', message: 'the database does not answer in time', retryAfterSeconds: 1 }
      : failureOf(error);
    // Driver errors can hold what was asked for: only their kind is logged.
    if (failure.kind === 'internal')
      logger.error({ err: error, method: c.req.method }, 'answering a request');
    if (failure.kind === 'unavailable') logger.warn({ error: error.name }, 'reading from MongoDB');
    return failureResponse(failure);
  });
  return app;
}
