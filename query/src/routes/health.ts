// GET /health and its kin: whether reads can be served, and the metrics.
import { deployedNames } from '@activity/contracts';
import { healthRoutes } from '@activity/service';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { route } from '../http/route.ts';
import type { Route } from '../http/route.ts';

/** What the routes need. */
export interface HealthDeps {
  /** Whether MongoDB answers. */
  ping: () => Promise<boolean>;
  registry: Registry;
}

const service = deployedNames.query;
const healthy = z.object({ status: z.literal('ok'), service: z.literal(service) });
const unhealthy = z.object({
  status: z.literal('unavailable'),
  service: z.literal(service),
  reason: z.string(),
});

/** The query service's health routes. */
export function queryHealthRoutes({ ping, registry }: HealthDeps): Route[] {
  const routes = healthRoutes({
    service,
    health: async () =>
      (await ping()) ? { ready: true } : { ready: false, reason: 'MongoDB does not answer' },
    registry,
    documented: {
      summary: 'Whether reads can be served',
      description: '200 while MongoDB answers, 503 otherwise.',
      answers: {
        200: { description: 'Reads can be served.', schema: healthy },
        503: { description: 'They cannot, now.', schema: unhealthy },
      },
    },
    lives: '200 while the event loop turns, whatever MongoDB does.',
    metrics: 'Requests by route, reads by operation, MongoDB’s pool and commands, the event loop.',
  });
  return routes.map((one) => route(one));
}
