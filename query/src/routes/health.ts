// GET /health and /api/health: whether MongoDB answers.
import { Hono } from 'hono';

/** Routes that answer 200 while reads can be served, 503 otherwise. */
export function healthRoutes(ping: () => Promise<boolean>): Hono {
  const app = new Hono();
  app.on('GET', ['/health', '/api/health'], async (c) => {
    // The service is called by the name that its predecessor's clients know.
    if (await ping()) return c.json({ status: 'ok', service: 'consumer' });
    const reason = 'MongoDB does not answer';
    return c.json({ status: 'unavailable', service: 'consumer', reason }, 503, { 'retry-after': '1' });
  });
  return app;
}
