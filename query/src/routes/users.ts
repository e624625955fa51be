// GET /api/users/:userId/activity: a user's counts.
import { plainError, validationError } from '@activity/service';
import { z } from 'zod';
import { id } from '../http/parameters.ts';
import { failed, route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import type { UserStore } from '../stats/user-store.ts';

/** What the routes need. */
export interface UserRoutesDeps {
  users: UserStore;
  /** How fresh the counts are. */
  asOf: () => Promise<Date>;
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
  asOf: z.iso.datetime(),
});

/** The routes that read what is known of a user. */
export function userRoutes({ users, asOf }: UserRoutesDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/users/:userId/activity',
      scope: 'read',
      summary: 'A user’s counts',
      description:
        'Totals by type, when the user was seen first and last, and how many events there were in the last 5 minutes, hour and 24 hours.',
      parts: z.object({ userId: id().describe('The user') }),
      answers: {
        200: { description: 'The counts.', schema: activity },
        400: { description: 'A parameter is wrong.', schema: validationError },
        404: { description: 'Nothing is known of the user.', schema: plainError },
      },
      handle: async ({ path: { userId } }) => {
        const [user, fresh] = await Promise.all([users.find(userId), asOf()]);
        if (user === undefined) return failed({ kind: 'not-found', what: 'User' });
        const { _id, ...fields } = user;
        return { status: 200, body: { ...fields, userId: _id, asOf: fresh } };
      },
    }),
  ];
}
