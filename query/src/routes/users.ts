// GET /api/users/:userId/activity: a user's counts.
import { failureResponse } from '@activity/service';
import { Hono } from 'hono';
import type { LogStore } from '../log-store.ts';

/** The routes that read what is known of a user. */
export function userRoutes(store: LogStore): Hono {
  const app = new Hono();
  app.get('/api/users/:userId/activity', async (c) => {
    const user = await store.user(c.req.param('userId').trim());
    if (user === undefined) return failureResponse({ kind: 'not-found', what: 'User' });
    const { _id, ...fields } = user;
    return c.json({ ...fields, userId: _id });
  });
  return app;
}
