// GET /api/users/:userId/…: a user's counts, in all and over time.
import { plainError, validationError } from '@activity/service';
import { z } from 'zod';
import { id } from '../http/parameters.ts';
import { failed, route } from '../http/route.ts';
import type { Answer, Route } from '../http/route.ts';
import type { TimelineQuery } from '../stats/buckets.ts';
import type { UserStore } from '../stats/user-store.ts';
import type { Timeline } from '../stats/user-timeline.ts';
import type { AskFreshness } from '../pipeline/freshness.ts';
import { asOfSchema, timelineSchema, timelineShape } from './stats.ts';

/** What the routes need. */
export interface UserRoutesDeps {
  users: UserStore;
  timeline: (userId: string, query: TimelineQuery) => Promise<Timeline>;
  /** How fresh the counts are. */
  freshness: AskFreshness;
}

const activity = z.looseObject({
  userId: z.string(),
  total: z.number().int(),
  byType: z.record(z.string(), z.number().int()),
  rolling: z
    .object({ last5m: z.number().int(), last1h: z.number().int(), last24h: z.number().int() })
    .optional(),
  firstSeen: z.iso.datetime().optional(),
  lastSeen: z.iso.datetime().optional(),
  asOf: asOfSchema,
});

const activityAnswers = {
  200: { description: 'The counts.', schema: activity },
  400: { description: 'A parameter is wrong.', schema: validationError },
  404: { description: 'Nothing is known of the user.', schema: plainError },
};

const timelineAnswers = {
  200: {
    description: 'The timeline; all 0 for a user of whom nothing is known.',
    schema: timelineSchema.extend({
      userId: z.string(),
      madeOf: z.enum(['minute', 'hour', 'day']).describe('The counts that it was added up from'),
      aligned: z
        .boolean()
        .describe(
          'False where these counts lie across the borders of buckets, in time zones of half hours for what is longer ago: they count where they begin',
        ),
    }),
  },
  400: { description: 'A parameter is wrong.', schema: validationError },
};

const user = z.object({ userId: id().describe('The user') });
/** Of the routes that have the user as a parameter. */
const forEveryId =
  'The same for every id, also for those that a path cannot hold: clients take `.` and `..` for a way up.';

/** The routes that read what is known of a user, each with the user in the path and as a parameter. */
export function userRoutes({ users, timeline, freshness }: UserRoutesDeps): Route[] {
  async function activityOf(userId: string): Promise<Answer> {
    const { asOf } = await freshness('users');
    const found = await users.find(userId);
    if (found === undefined) return failed({ kind: 'not-found', what: 'User' });
    const { _id, ...fields } = found;
    return { status: 200, body: { ...fields, userId: _id, asOf } };
  }

  async function timelineOf(userId: string, query: TimelineQuery): Promise<Answer> {
    const { asOf } = await freshness('counts');
    const found = await timeline(userId, query);
    const { interval, tz } = query;
    return { status: 200, body: { userId, interval, tz, ...found, asOf } };
  }

  return [
    route({
      method: 'GET',
      path: '/api/users/:userId/activity',
      scope: 'read',
      summary: 'A user’s counts',
      description:
        'Totals by type, when the user was seen first and last, and how many events there were in the last 5 minutes, hour and 24 hours.',
      parts: user,
      answers: activityAnswers,
      handle: async ({ path: { userId } }) => activityOf(userId),
    }),
    route({
      method: 'GET',
      path: '/api/users/activity',
      scope: 'read',
      summary: 'A user’s counts, by a parameter',
      description: forEveryId,
      query: user,
      answers: activityAnswers,
      handle: async ({ query: { userId } }) => activityOf(userId),
    }),
    route({
      method: 'GET',
      path: '/api/users/:userId/timeline',
      scope: 'read',
      summary: 'A user’s events over time',
      description:
        'By type. At most 1,500 buckets. Counts of minutes are kept for 2 days, those of hours for 400 days, unless configured otherwise.',
      parts: user,
      query: z.object(timelineShape),
      answers: timelineAnswers,
      handle: async ({ path: { userId }, query }) => timelineOf(userId, query),
    }),
    route({
      method: 'GET',
      path: '/api/users/timeline',
      scope: 'read',
      summary: 'A user’s events over time, by a parameter',
      description: forEveryId,
      query: user.extend(timelineShape),
      answers: timelineAnswers,
      handle: async ({ query: { userId, ...query } }) => timelineOf(userId, query),
    }),
  ];
}
