// The query service as a Hono app: its routes behind the gate, without servers or clients.
import { docsRoutes } from '@activity/service';
import { Hono } from 'hono';
import { endingSessions } from './http/ended-sessions.ts';
import { addRoutes } from './http/gate.ts';
import type { GateDeps } from './http/gate.ts';
import { route } from './http/route.ts';
import { queryDocs } from './routes/docs.ts';
import { auditRoute } from './routes/audit.ts';
import type { AuditDeps } from './routes/audit.ts';
import { exportRoute } from './routes/export.ts';
import type { ReceivedDeps } from './routes/export.ts';
import { queryHealthRoutes } from './routes/health.ts';
import type { HealthDeps } from './routes/health.ts';
import { logRoutes } from './routes/logs.ts';
import type { LogRoutesDeps } from './routes/logs.ts';
import { pageRoutes } from './routes/page.ts';
import type { PageFiles } from './page/page-files.ts';
import { pipelineRoute } from './routes/pipeline.ts';
import type { PipelineDeps } from './routes/pipeline.ts';
import { sessionRoutes } from './routes/session.ts';
import { statsRoutes } from './routes/stats.ts';
import type { StatsDeps } from './routes/stats.ts';
import { tailRoute } from './routes/tail.ts';
import type { Tails } from './tail/tail.ts';
import { erasureRoutes } from './routes/erasures.ts';
import type { ErasureDeps } from './routes/erasures.ts';
import { traceRoutes } from './routes/trace.ts';
import type { Trace } from './pipeline/trace.ts';
import { typeRoutes } from './routes/types.ts';
import type { TypeRoutesDeps } from './routes/types.ts';
import { userRoutes } from './routes/users.ts';
import type { UserRoutesDeps } from './routes/users.ts';

/** Everything the app is made of. */
export interface AppDeps {
  gate: GateDeps;
  health: HealthDeps;
  logs: LogRoutesDeps;
  users: UserRoutesDeps;
  stats: StatsDeps;
  pipeline: PipelineDeps;
  trace: (event: { eventId: string; userId: string }) => Promise<Trace>;
  erasures: ErasureDeps;
  audit: AuditDeps;
  catalogue: TypeRoutesDeps;
  tails: Tails;
  /** Readers of the tail at one time. */
  maxTails: number;
  /** Exports at one time. */
  maxExports: number;
  /** What exports of what was received since need. */
  received: ReceivedDeps;
  /** Aborted when the service ends. */
  ending: AbortSignal;
  /** How long a session of the page lasts. */
  sessionHours: number;
  /** The built page; undefined where there is none. */
  page: PageFiles | undefined;
}

/** Builds the app. */
export function createApp({
  gate,
  health,
  logs,
  users,
  stats,
  pipeline,
  trace,
  erasures,
  audit,
  catalogue,
  tails,
  maxTails,
  maxExports,
  received,
  ending,
  sessionHours,
  page,
}: AppDeps): Hono {
  const { types, store } = logs;
  const { now } = gate;
  const authenticator = endingSessions(gate.authenticator);
  const routes = [
    // Before the route of one log, whose id these are not.
    exportRoute({ store, types, now, ending, maxExports, received }),
    tailRoute({ tails, maxTails, types }),
    ...logRoutes(logs),
    ...userRoutes(users),
    ...statsRoutes(stats),
    pipelineRoute(pipeline),
    ...traceRoutes(trace),
    ...erasureRoutes(erasures),
    auditRoute(audit),
    ...typeRoutes(catalogue),
    ...sessionRoutes({ authenticator, sessionHours, now }),
    ...queryHealthRoutes(health),
    ...pageRoutes({ files: page, types }),
  ];
  const app = new Hono();
  const docs = docsRoutes(routes, queryDocs).map((one) => route(one));
  addRoutes(app, { ...gate, authenticator }, [...routes, ...docs]);
  return app;
}
