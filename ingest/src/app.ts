// The edge as a Hono app: routes and error answers, without servers or clients.
import { failureOf, failureResponse } from '@activity/service';
import type { Logger, Readiness } from '@activity/service';
import { Hono } from 'hono';
import { forwardRoutes } from './routes/forward.ts';
import { healthRoutes } from './routes/health.ts';
import { logRoutes } from './routes/logs.ts';
import type { LogRoutesDeps } from './routes/logs.ts';

/** Everything the app is made of. */
export interface AppDeps extends LogRoutesDeps {
  logger: Logger;
  readiness: () => Readiness;
  /** Where reads are forwarded to, if anywhere. */
  queryUrl: string | undefined;
  fetch: typeof fetch;
}

/** Builds the app. */
export function createApp(deps: AppDeps): Hono {
  const app = new Hono();
  app.route('/', healthRoutes(deps.readiness));
  app.route('/', logRoutes(deps));
  if (deps.queryUrl !== undefined) {
    app.route('/', forwardRoutes({ queryUrl: deps.queryUrl, fetch: deps.fetch }));
  }
  app.notFound(() => failureResponse({ kind: 'not-found', what: 'Path' }));
  app.onError((error, c) => {
    const failure = failureOf(error);
    if (failure.kind === 'internal')
      deps.logger.error({ err: error, method: c.req.method }, 'answering a request');
    return failureResponse(failure);
  });
  return app;
}
