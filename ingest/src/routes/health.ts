// GET /health and /api/health: whether the edge can accept events.
import type { Readiness } from '@activity/service';
import { Hono } from 'hono';

/** Routes that answer 200 while events can be accepted, 503 with the reason otherwise. */
export function healthRoutes(readiness: () => Readiness): Hono {
  const app = new Hono();
  app.on('GET', ['/health', '/api/health'], (c) => {
    const { ready, reason } = readiness();
    // The service is called by the name that its predecessor's clients know.
    if (ready) return c.json({ status: 'ok', service: 'producer' });
    return c.json({ status: 'unavailable', service: 'producer', reason }, 503, { 'retry-after': '1' });
  });
  return app;
}
