// GET /api/logs/tail: what is stored, as it is stored.
import { plainError, validationError } from '@activity/service';
import { z } from 'zod';
import { failed, route } from '../http/route.ts';
import type { TypeNames } from '../types/type-names.ts';
import type { Answer, NodeBindings, Route } from '../http/route.ts';
import { filterShape } from '../logs/filter.ts';
import { cannotCatchUp, tokenPattern } from '../tail/catch-up.ts';
import { matcherOf } from '../tail/matches.ts';
import type { Tails } from '../tail/tail.ts';

/** What the route needs. */
export interface TailDeps {
  tails: Tails;
  maxTails: number;
  types: TypeNames;
}

/** The route of the live tail. */
export function tailRoute({ tails, maxTails, types }: TailDeps): Route {
  const query = z.object({
    lastEventId: z
      .string()
      .regex(tokenPattern, 'must be the id of an event of this tail')
      .optional()
      .describe('For clients that cannot send the header `Last-Event-ID`'),
    ...filterShape(types),
  });

  function refused(message: string): Answer {
    return failed({ kind: 'validation', details: [{ field: 'Last-Event-ID', message }] });
  }

  return route({
    method: 'GET',
    path: '/api/logs/tail',
    scope: 'read',
    summary: 'Logs as they are stored',
    description:
      'Server-Sent Events: each `log` event holds a log as `/api/logs/:id` gives it. With the header `Last-Event-ID` (browsers send it when they connect again) it goes on behind that event, and nothing is missed, for as long as MongoDB keeps its oplog. Who reads too slowly gets the event `slow`, and the end; ids without an event say how far the tail has come.',
    query,
    answers: {
      200: { description: 'The events.', mediaType: 'text/event-stream' },
      400: { description: 'A parameter or the `Last-Event-ID` is wrong.', schema: validationError },
      410: {
        description: 'The `Last-Event-ID` is no longer kept: start again without it.',
        schema: plainError,
      },
    },
    handle: async ({ query: { lastEventId, ...filter }, context }) => {
      const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
      // A stream that nobody reads must not be opened.
      if (context.req.method === 'HEAD') return new Response(null, { headers });
      if (tails.open() >= maxTails) {
        return failed({
          kind: 'unavailable',
          message: `${maxTails} read the tail already`,
          retryAfterSeconds: 5,
        });
      }
      const header = context.req.header('last-event-id') || undefined;
      if (header !== undefined && !tokenPattern.test(header))
        return refused('must be the id of an event of this tail');
      const { outgoing } = context.env as NodeBindings;
      try {
        const stream = await tails.begin(matcherOf(filter), header ?? lastEventId, () => outgoing?.destroy());
        return new Response(stream, { headers });
      } catch (error) {
        if ((header ?? lastEventId) === undefined || !cannotCatchUp(error)) throw error;
        const message = 'the tail does not know this id (any more): start again without it';
        return { status: 410, body: { error: 'Gone', message } };
      }
    },
  });
}
