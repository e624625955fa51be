// GET /health and its kin, for load balancers, orchestrators and Prometheus; open to everyone.
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { DocumentedAnswer, DocumentedRoute } from './docs/documented-route.ts';
import { metricsText } from './metrics-text.ts';
import type { Readiness } from './monitoring.ts';

/** A route of a service's health. */
export interface HealthRoute extends Omit<DocumentedRoute, 'query' | 'parameters'> {
  method: 'GET';
  handle: () => HealthAnswer | Promise<HealthAnswer>;
}

interface HealthAnswer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

interface Health extends Readiness {
  /** What an operator must know although the service is ready. */
  warning?: string | undefined;
}

/** What a service's health routes are made of. */
export interface HealthRoutesOptions {
  /** What bodies call the service: clients of its predecessor know this name. */
  service: string;
  health: () => Health | Promise<Health>;
  registry: Registry;
  /** What is documented of the health itself. */
  documented: { summary: string; description: string; answers: Record<200 | 503, DocumentedAnswer> };
  /** What is documented of `/livez` and of `/metrics`. */
  lives: string;
  metrics: string;
}

/** `/health`, `/api/health`, `/readyz`, `/livez` and `/metrics`. */
export function healthRoutes(options: HealthRoutesOptions): HealthRoute[] {
  const { service, health, registry, documented, lives, metrics } = options;

  async function handleHealth(): Promise<HealthAnswer> {
    const { ready, reason, warning } = await health();
    if (ready) return { status: 200, body: { status: 'ok', service, warning } };
    const headers = { 'retry-after': '1' };
    return { status: 503, headers, body: { status: 'unavailable', service, reason } };
  }

  const open = { method: 'GET', scope: undefined } as const;
  const healthRoute = { ...open, ...documented, handle: handleHealth };
  return [
    { ...healthRoute, path: '/health' },
    { ...healthRoute, path: '/api/health' },
    { ...healthRoute, path: '/readyz' },
    {
      ...open,
      path: '/livez',
      summary: 'Whether the process lives',
      description: lives,
      answers: { 200: { description: 'It lives.', schema: z.object({ status: z.literal('ok') }) } },
      handle: () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      ...open,
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      description: metrics,
      answers: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
      handle: async () => ({
        status: 200,
        headers: { 'content-type': registry.contentType },
        body: await metricsText(registry),
      }),
    },
  ];
}
