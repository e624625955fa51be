// The edge as an app: its routes behind the gate, without servers or clients.
import type { AuditWriter } from './audit/audit-writer.ts';
import { docsRoutes } from '@activity/service';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { cloudEventsRoute } from './cloudevents/route.ts';
import { directListener } from './http/direct.ts';
import type { Listener } from './http/direct.ts';
import type { GateDeps } from './http/gate.ts';
import { addRoutes } from './http/routed.ts';
import type { Publisher } from './publish.ts';
import { batchHandler } from './routes/batch-handler.ts';
import { deleteRoutes } from './routes/deletes.ts';
import { edgeDocs } from './routes/docs.ts';
import { createFindLog } from './routes/find-log.ts';
import { forwardRoutes } from './routes/forward.ts';
import type { ForwardDeps } from './routes/forward.ts';
import { edgeHealthRoutes } from './routes/health.ts';
import type { HealthDeps } from './routes/health.ts';
import { postBatchRoute } from './routes/post-batch.ts';
import { postLogRoute } from './routes/post-log.ts';
import { typeRoutes } from './routes/types.ts';
import type { TypeRoutesDeps } from './routes/types.ts';
import { segmentRoutes } from './segment/routes.ts';

/** Everything the app is made of. */
export interface AppDeps {
  gate: GateDeps;
  publisher: Publisher;
  /** Notes what is changed. */
  audit: Pick<AuditWriter, 'note'>;
  /** The catalogue of types. */
  catalogue: Pick<TypeRoutesDeps, 'changes' | 'isBuiltIn'>;
  health: HealthDeps;
  /** Where reads are forwarded to, if anywhere. */
  forward: ForwardDeps | undefined;
}

/** The app, as tests and as servers of node:http use it. */
export interface EdgeApp {
  hono: Hono;
  listener: Listener;
}

/** Builds the app. */
export function createApp({ gate, publisher, audit, catalogue, health, forward }: AppDeps): EdgeApp {
  const handleBatch = batchHandler(publisher);
  const own = [
    postLogRoute(publisher),
    postBatchRoute(publisher, handleBatch),
    cloudEventsRoute(publisher, handleBatch),
    ...deleteRoutes(publisher, createFindLog(forward), audit),
    ...typeRoutes({ ...catalogue, audit, newId: publisher.newId }),
    ...edgeHealthRoutes(health),
  ];
  const segment = segmentRoutes(publisher);
  const routes = [
    ...own,
    ...segment.routes,
    ...docsRoutes([...own, ...segment.documented], edgeDocs),
    ...(forward === undefined ? [] : forwardRoutes(forward)),
  ];
  const hono = new Hono();
  addRoutes(hono, gate, routes);
  const routed = getRequestListener(hono.fetch);
  const listener = directListener(routes, gate, (request, response) => void routed(request, response));
  return { hono, listener };
}
