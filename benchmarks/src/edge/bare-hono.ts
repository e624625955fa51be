// Peer (b): a bare Hono handler that validates and returns 201, without Kafka, keys, limits or anything else.
import { activityInput } from '@activity/contracts';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.get('/health', (c) => c.json({ status: 'ok' }));
app.post('/api/logs', async (c) => {
  const parsed = activityInput.safeParse(await c.req.json());
  if (!parsed.success) return c.json({ error: 'Validation failed', details: parsed.error.issues }, 400);
  return c.json(
    { success: true, message: 'Activity log published successfully', eventId: parsed.data.eventId ?? 'none' },
    201,
  );
});
serve({ fetch: app.fetch, port: Number(process.env['PORT']), hostname: '127.0.0.1' });
