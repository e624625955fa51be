// GET /health and its kin: whether reads can be served, and the metrics.
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { route } from '../http/route.ts';
import type { Answer, Route } from '../http/route.ts';

/** What the routes need. */
export interface HealthDeps {
  /** Whether MongoDB answers. */
  ping: () => Promise<boolean>;
  registry: Registry;
}

const healthy = z.object({ status: z.literal('ok'), service: z.literal('consumer') });
const unhealthy = z.object({
  status: z.literal('unavailable'),
  service: z.literal('consumer'),
  reason: z.string(),
});

/** Routes for load balancers, orchestrators and Prometheus; open to everyone. */
export function healthRoutes({ ping, registry }: HealthDeps): Route[] {
  async function health(): Promise<Answer> {
    // The service is called by the name that its predecessor's clients know.
    if (await ping()) return { status: 200, body: { status: 'ok', service: 'consumer' } };
    const reason = 'MongoDB does not answer';
    return {
      status: 503,
      headers: { 'retry-after': '1' },
      body: { status: 'unavailable', service: 'consumer', reason },
    };
  }

  const healthRoute = {
    method: 'GET',
    scope: undefined,
    summary: 'Whether reads can be served',
    description: '200 while MongoDB answers, 503 otherwise.',
    answers: {
      200: { description: 'Reads can be served.', schema: healthy },
      503: { description: 'They cannot, now.', schema: unhealthy },
    },
    handle: health,
  } as const;

  return [
    route({ ...healthRoute, path: '/health' }),
    route({ ...healthRoute, path: '/api/health' }),
    route({ ...healthRoute, path: '/readyz' }),
    route({
      method: 'GET',
      path: '/livez',
      scope: undefined,
      summary: 'Whether the process lives',
      description: '200 while the event loop turns, whatever MongoDB does.',
      answers: { 200: { description: 'It lives.', schema: z.object({ status: z.literal('ok') }) } },
      handle: () => ({ status: 200, body: { status: 'ok' } }),
    }),
    route({
      method: 'GET',
      path: '/metrics',
      scope: undefined,
      summary: 'Metrics for Prometheus',
      description: 'Requests by route, reads by operation, MongoDB’s pool and commands, the event loop.',
      answers: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
      handle: async () => ({
        status: 200,
        headers: { 'content-type': registry.contentType },
        body: await registry.metrics(),
      }),
    }),
  ];
}
