// GET /health and its kin: whether the edge can accept events, and its metrics.
import type { Readiness } from '@activity/service';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Answer } from '../http/edge-request.ts';
import type { Route } from '../http/route.ts';
import { healthy, unhealthy } from './schemas.ts';

/** What the routes need. */
export interface HealthDeps {
  readiness: () => Readiness;
  registry: Registry;
  /** What an operator must know though events are accepted. */
  warning?: () => string | undefined;
}

/** Routes for load balancers, orchestrators and Prometheus; open to everyone. */
export function healthRoutes({ readiness, registry, warning }: HealthDeps): Route[] {
  function health(): Answer {
    const { ready, reason } = readiness();
    // The service is called by the name that its predecessor's clients know.
    const said = warning?.();
    const more = said === undefined ? {} : { warning: said };
    if (ready) return { status: 200, body: { status: 'ok', service: 'producer', ...more } };
    return {
      status: 503,
      headers: { 'retry-after': '1' },
      body: { status: 'unavailable', service: 'producer', reason },
    };
  }

  const healthRoute = {
    method: 'GET',
    scope: undefined,
    summary: 'Whether events can be accepted',
    description:
      '200 while the broker has the raw topic and not too much waits for it, 503 with the reason otherwise.',
    answers: {
      200: { description: 'Events can be accepted.', schema: healthy },
      503: { description: 'They cannot, now.', schema: unhealthy },
    },
    handle: health,
  } as const;

  return [
    { ...healthRoute, path: '/health' },
    { ...healthRoute, path: '/api/health' },
    { ...healthRoute, path: '/readyz' },
    {
      method: 'GET',
      path: '/livez',
      scope: undefined,
      summary: 'Whether the process lives',
      description: '200 while the event loop turns.',
      answers: { 200: { description: 'It lives.', schema: z.object({ status: z.literal('ok') }) } },
      handle: () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      method: 'GET',
      path: '/metrics',
      scope: undefined,
      summary: 'Metrics for Prometheus',
      description: 'Requests, events, batches, the broker’s acknowledgements, the event loop.',
      answers: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
      handle: async () => ({
        status: 200,
        headers: { 'content-type': registry.contentType },
        body: await registry.metrics(),
      }),
    },
  ];
}
