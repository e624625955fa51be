// GET /api/events/:eventId/trace and /api/events/trace: where an event is.
import { validationError } from '@activity/service';
import { z } from 'zod';
import { id } from '../http/parameters.ts';
import { route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import { lossSchema } from '../pipeline/losses.ts';
import { traceStates } from '../pipeline/trace.ts';
import type { Trace } from '../pipeline/trace.ts';

const count = z.number().int();
const position = z.object({ partition: count, offset: count });
const moment = z.iso.datetime().nullable();

const answer = z.object({
  eventId: z.string(),
  userId: z.string(),
  state: z
    .enum(traceStates)
    .describe(
      'accepted: the processor has not read it yet; processed: on its way to MongoDB; ' +
        'lost: processed, and deleted by retention before it was stored; ' +
        'unknown: no part of the pipeline has it, or a part that may have it did not respond',
    ),
  raw: position.nullable().describe('Where the first copy is in the raw topic'),
  log: count.nullable().describe('The number that its log has, will have or had'),
  receivedAt: moment,
  processedAt: moment,
  deleted: z.object({ at: moment, by: count.describe('The number of the command') }).nullable(),
  deadLetters: z
    .array(
      z.object({
        raw: position,
        reason: z.string(),
        message: z.string(),
        at: z.iso.datetime(),
        duplicateOf: count.nullable().describe('The log whose id it has, with another body'),
      }),
    )
    .describe('Copies of it that were dead-lettered, and why'),
  duplicates: z
    .array(z.object({ raw: position, duplicateOf: count }))
    .describe('Further copies that were accepted and will be found duplicates of that log'),
  waiting: z
    .object({
      stage: z.enum(['processor', 'sink']),
      recordsBefore: count.nullable().describe('How many records lie before it, as far as that is known'),
    })
    .nullable(),
  lost: z
    .array(lossSchema)
    .describe(
      'lost: what retention deleted before the connector had read it, this event among it; unknown: what it deleted of the user’s partition, perhaps this event among it',
    ),
  unanswered: z.array(z.enum(['processor', 'supervisor'])).describe('Parts that could not be asked'),
});

const eventId = id().describe('The event’s id, as it was sent or as the edge answered it');
const userId = id().describe('Whose event it is');
const answers = {
  200: { description: 'Where it is, also where nobody knows it.', schema: answer },
  400: { description: 'A parameter is wrong.', schema: validationError },
};

/** The routes of traces, with the event in the path and as a parameter. */
export function traceRoutes(trace: (event: { eventId: string; userId: string }) => Promise<Trace>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/events/:eventId/trace',
      scope: 'read',
      summary: 'Where an event is',
      description:
        'Accepted, processed, stored, deleted, dead-lettered and why; or still on its way, and how much is before it. The dedupe remembers an event for 24 hours (`DEDUPE_HOURS`), the raw topic for 30 days.',
      parts: z.object({ eventId }),
      query: z.object({ userId }),
      answers,
      handle: async ({ path, query }) => ({ status: 200, body: await trace({ ...path, ...query }) }),
    }),
    route({
      method: 'GET',
      path: '/api/events/trace',
      scope: 'read',
      summary: 'Where an event is, by parameters',
      description:
        'The same for every id, also for those that a path cannot hold: clients take `.` and `..` for a way up.',
      query: z.object({ eventId, userId }),
      answers,
      handle: async ({ query }) => ({ status: 200, body: await trace(query) }),
    }),
  ];
}
