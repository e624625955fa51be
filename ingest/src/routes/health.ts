// GET /health and its kin: whether the edge can accept events, and its metrics.
import { deployedNames } from '@activity/contracts';
import { healthRoutes, type HealthRoute, type Readiness } from '@activity/service';
import type { Registry } from 'prom-client';
import { healthy, unhealthy } from './schemas.ts';

/** What the routes need. */
export interface HealthDeps {
  readiness: () => Readiness;
  registry: Registry;
  /** What an operator must know though events are accepted. */
  warning?: () => string | undefined;
}

/** The edge's health routes. */
export function edgeHealthRoutes({ readiness, registry, warning }: HealthDeps): HealthRoute[] {
  return healthRoutes({
    service: deployedNames.ingest,
    health: () => ({ ...readiness(), warning: warning?.() }),
    registry,
    documented: {
      summary: 'Whether events can be accepted',
      description:
        '200 while the broker has the raw topic and not too much waits for it, 503 with the reason otherwise.',
      answers: {
        200: { description: 'Events can be accepted.', schema: healthy },
        503: { description: 'They cannot, now.', schema: unhealthy },
      },
    },
    lives: '200 while the event loop turns.',
    metrics: 'Requests, events, batches, the broker’s acknowledgements, the event loop.',
  });
}
