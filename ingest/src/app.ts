// The edge as a Hono app: its routes behind the gate, without servers or clients.
import { Hono } from 'hono';
import { addRoutes } from './http/gate.ts';
import type { GateDeps } from './http/gate.ts';
import type { Publisher } from './publish.ts';
import { deleteRoutes } from './routes/deletes.ts';
import { docsRoutes } from './routes/docs.ts';
import { forwardRoutes } from './routes/forward.ts';
import { healthRoutes } from './routes/health.ts';
import type { HealthDeps } from './routes/health.ts';
import { postBatchRoute } from './routes/post-batch.ts';
import { postLogRoute } from './routes/post-log.ts';

/** Everything the app is made of. */
export interface AppDeps {
  gate: GateDeps;
  publisher: Publisher;
  health: HealthDeps;
  /** Where reads are forwarded to, if anywhere. */
  forward: { queryUrl: string; fetch: typeof fetch } | undefined;
}

/** Builds the app. */
export function createApp({ gate, publisher, health, forward }: AppDeps): Hono {
  const routes = [
    postLogRoute(publisher),
    postBatchRoute(publisher),
    ...deleteRoutes(publisher),
    ...healthRoutes(health),
  ];
  const app = new Hono();
  addRoutes(app, gate, [
    ...routes,
    ...docsRoutes(routes),
    ...(forward === undefined ? [] : forwardRoutes(forward)),
  ]);
  return app;
}
