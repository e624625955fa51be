// GET /api/logs and /api/logs/:id.
import { defaultActivityTypes, maxIdLength } from '@activity/contracts';
import { failureResponse, fieldProblems } from '@activity/service';
import { Hono } from 'hono';
import { z } from 'zod';
import { logJson } from '../log-json.ts';
import type { LogStore } from '../log-store.ts';

const maxLimit = 100;
const maxPage = 1_000_000;

function wholeNumber(fallback: number, max: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(max, `must be at most ${max}`))
    .default(fallback);
}

const id = z.string().trim().min(1, 'must not be empty').max(maxIdLength);

const pageQuery = z.object({
  page: wholeNumber(1, maxPage),
  limit: wholeNumber(10, maxLimit),
  userId: id.optional(),
  activityType: z.enum(defaultActivityTypes).optional(),
});

const findQuery = z.object({ userId: id.optional() });

/** The routes that read logs. */
export function logRoutes(store: LogStore): Hono {
  const app = new Hono();
  app.get('/api/logs', async (c) => {
    const query = pageQuery.safeParse(parameters(c.req.queries()));
    if (!query.success) return failureResponse({ kind: 'validation', details: fieldProblems(query.error) });
    const { page, limit, userId, activityType } = query.data;
    const { logs, total } = await store.page({ userId, activityType }, page, limit);
    return c.json({
      data: logs.map(logJson),
      pagination: { page, limit, total, pages: Math.ceil(total / limit) },
    });
  });
  app.get('/api/logs/:id', async (c) => {
    const query = findQuery.safeParse(parameters(c.req.queries()));
    if (!query.success) return failureResponse({ kind: 'validation', details: fieldProblems(query.error) });
    const log = await store.find(c.req.param('id'), query.data.userId);
    if (log === undefined) return failureResponse({ kind: 'not-found', what: 'Activity log' });
    return c.json(logJson(log));
  });
  return app;
}

/** Query parameters by name; empty ones count as not given, repeated ones stay a list, which no schema here takes. */
function parameters(queries: Record<string, string[]>): Record<string, string | string[]> {
  const given: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(queries)) {
    const [only, ...more] = values;
    if (more.length > 0) given[name] = values;
    else if (only !== undefined && only !== '') given[name] = only;
  }
  return given;
}
