// GET /api/logs and /api/logs/:id.
import { plainError, validationError } from '@activity/service';
import { z } from 'zod';
import type { AnswerBudget } from '../http/budget.ts';
import type { TypeNames } from '../types/type-names.ts';
import { id, wait, wholeNumber } from '../http/parameters.ts';
import { failed, route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import type { AwaitLog } from '../logs/await-log.ts';
import { filterShape } from '../logs/filter.ts';
import { listLogs } from '../logs/list.ts';
import type { ListDeps } from '../logs/list.ts';
import { logJson, logSchema } from '../logs/log-json.ts';
import type { LogDocument } from '../logs/log-json.ts';

/** The most logs of one page. */
const maxLimit = 100;
const maxPage = 1_000_000;
const maxWaitMs = 10_000;

/** What the routes need. */
export interface LogRoutesDeps extends ListDeps {
  types: TypeNames;
  awaitLog: AwaitLog;
  /** What pages that were not read yet may take, all together. */
  budget: AnswerBudget;
}

const list = z.object({
  data: z.array(logSchema),
  pagination: z.object({
    page: z.number().int().optional().describe('Where the page was asked for by number'),
    limit: z.number().int(),
    total: z.number().int(),
    totalIs: z.enum(['exact', 'estimate']).describe('Counted up to 10,000, estimated beyond'),
    pages: z.number().int(),
    next: z.string().nullable().describe('The cursor of the next page; null where there is none'),
    prev: z.string().nullable().describe('The cursor of the page before'),
  }),
});

/** How a list may be ordered. */
export const orderParameter: z.ZodOptional<z.ZodEnum<{ newest: 'newest'; oldest: 'oldest' }>> = z
  .enum(['newest', 'oldest'], 'must be newest or oldest')
  .optional()
  .describe('What comes first, by the time of the event; `newest` unless given');

/** The routes that read logs. */
export function logRoutes(deps: LogRoutesDeps): Route[] {
  const { types, store, awaitLog } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/logs',
      scope: 'read',
      summary: 'List logs',
      description:
        'With a cursor (`next` and `prev` of a response), every page costs the same, and new logs do not shift the pages. ' +
        'With `page`, the cost grows with the page number.',
      query: z.object({
        page: wholeNumber(maxPage).optional().describe('The page by its number; 1 is the first'),
        limit: wholeNumber(maxLimit).default(10).describe(`Logs of a page, at most ${maxLimit}`),
        cursor: z
          .string()
          .max(1_024, 'is none that this service has given')
          .optional()
          .describe('The page by its cursor: `next` or `prev` of an answer to the same filters'),
        sort: orderParameter,
        ...filterShape(types),
      }),
      answers: {
        200: { description: 'A page of logs.', schema: list },
        400: { description: 'A parameter is wrong.', schema: validationError },
      },
      handle: async ({ query: { page, limit, cursor, sort, ...filter }, context }) => {
        const lease = deps.budget.lease();
        try {
          const query = { filter, order: sort, limit, page, cursor };
          const body = await listLogs(query, deps, lease.take);
          lease.endWith(context);
          return { status: 200, body };
        } catch (error) {
          lease.end();
          throw error;
        }
      },
    }),
    route({
      method: 'GET',
      path: '/api/logs/:id',
      scope: 'read',
      summary: 'One log',
      description:
        'With `userId` by the `eventId` of that user’s log; without it by the number (`_id`), or by an `eventId` that is no number: the newest of that id. With `wait` the answer comes as soon as the log is stored.',
      parts: z.object({ id: z.string().describe('The number of the log, or its `eventId`') }),
      query: z.object({
        userId: id().optional().describe('Whose log it is'),
        wait: wait(maxWaitMs).optional().describe('How long to wait for the log, like `2s` or `500ms`'),
      }),
      answers: {
        200: { description: 'The log.', schema: logSchema },
        400: { description: 'A parameter is wrong.', schema: validationError },
        404: { description: 'There is no such log (yet).', schema: plainError },
      },
      handle: async ({ path, query: { userId, wait: withinMs = 0 }, context }) => {
        const look = async (): Promise<LogDocument | undefined> => store.find(path.id, userId);
        const awaited = async (): Promise<boolean> =>
          withinMs > 0 && (await awaitLog({ id: path.id, userId }, withinMs, context.req.raw.signal));
        const found = (await look()) ?? ((await awaited()) ? await look() : undefined);
        if (found === undefined) return failed({ kind: 'not-found', what: 'Activity log' });
        return { status: 200, body: logJson(found) };
      },
    }),
  ];
}
