// GET /api/stats/…: what all users did, from counts that were made as the events came.
import { windowSizes } from '@activity/contracts';
import { validationError } from '@activity/service';
import { z } from 'zod';
import { time, timeZone, wholeNumber } from '../http/parameters.ts';
import { route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import { bucketsOf, filled, hourRange, minuteRange } from '../stats/buckets.ts';
import type { AskFreshness } from '../pipeline/freshness.ts';
import type { Rollups } from '../stats/rollups.ts';
import type { TopUsers } from '../stats/top-users.ts';
import { rankings } from '../stats/user-stats.ts';
import type { Ranking, UserStats } from '../stats/user-stats.ts';

/** What the routes need. */
export interface StatsDeps {
  rollups: Rollups;
  userStats: UserStats;
  topUsers: TopUsers;
  /** How many events were accepted as new, in all. */
  stored: () => Promise<number>;
  freshness: AskFreshness;
  now: () => number;
}

const count = z.number().int();
const byType = z.record(z.string(), count);
/** `asOf` in answers. */
export const asOfSchema: z.ZodNullable<z.ZodISODateTime> = z.iso
  .datetime()
  .nullable()
  .describe(
    'Everything that the edge acknowledged before this moment is in the answer; null where that is not known',
  );
const bucket = z.object({ start: z.iso.datetime(), total: count, byType });

/** The parameters of a timeline. */
export const timelineShape: {
  interval: z.ZodDefault<z.ZodEnum<{ minute: 'minute'; hour: 'hour'; day: 'day' }>>;
  from: z.ZodOptional<z.ZodType<Date, string>>;
  to: z.ZodOptional<z.ZodType<Date, string>>;
  tz: z.ZodType<string, string | undefined>;
} = {
  interval: z
    .enum(['minute', 'hour', 'day'], 'must be minute, hour or day')
    .default('hour')
    .describe('The length of a bucket'),
  from: time()
    .optional()
    .describe(
      'Where the first bucket begins, or what is in it; 60 minutes, 24 hours or 30 days before `to` unless given',
    ),
  to: time().optional().describe('What the last bucket ends with; now unless given'),
  tz: timeZone().describe('The time zone whose hours and days are meant: an IANA name, UTC unless given'),
};

/** A timeline's answer. */
export const timelineSchema: z.ZodObject = z.object({
  interval: z.enum(['minute', 'hour', 'day']),
  tz: z.string(),
  buckets: z.array(bucket).describe('Without gaps: where nothing happened, total is 0'),
  asOf: asOfSchema,
});

const rangeTooLong = { 400: { description: 'A parameter is wrong.', schema: validationError } };

/** The routes that read what all users did. */
export function statsRoutes({ rollups, userStats, topUsers, stored, freshness, now }: StatsDeps): Route[] {
  const minute = windowSizes.minute;
  const sinceMinute = (milliseconds: number): number => Math.floor((now() - milliseconds) / minute) * minute;
  const nextMinute = (): number => sinceMinute(0) + minute;

  return [
    route({
      method: 'GET',
      path: '/api/stats/overview',
      scope: 'read',
      summary: 'The whole at a glance',
      description:
        'Events in all and lately (by whole minutes, the one under way included), by type in the last 24 hours, and how many users are known and active.',
      answers: {
        200: {
          description: 'The numbers.',
          schema: z.object({
            events: z.object({ total: count, last5m: count, last1h: count, last24h: count }),
            byType: byType.describe('Of the last 24 hours'),
            users: z.object({ known: count, daily: count, weekly: count, monthly: count }),
            asOf: asOfSchema,
          }),
        },
      },
      handle: async () => {
        const fresh = await freshness('globalCounts', 'counts', 'ledger', 'users');
        const [last5m, last1h, last24h, total, known, { daily, weekly, monthly }] = await Promise.all([
          rollups.sum(sinceMinute(5 * minute), nextMinute(), fresh),
          rollups.sum(sinceMinute(60 * minute), nextMinute(), fresh),
          rollups.sum(sinceMinute(1_440 * minute), nextMinute(), fresh),
          stored(),
          userStats.known(),
          userStats.active(0, fresh),
        ]);
        const events = { total, last5m: last5m.total, last1h: last1h.total, last24h: last24h.total };
        const users = { known, daily, weekly, monthly };
        return { status: 200, body: { events, byType: last24h.byType, users, asOf: fresh.asOf } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/stats/timeline',
      scope: 'read',
      summary: 'Events over time',
      description: 'Of all users, by type. At most 1,500 buckets.',
      query: z.object(timelineShape),
      answers: { 200: { description: 'The timeline.', schema: timelineSchema }, ...rangeTooLong },
      handle: async ({ query }) => {
        const buckets = bucketsOf(query, now());
        const [begin = 0] = buckets.starts;
        const read = query.interval === 'minute' ? rollups.minutes : rollups.cells;
        const fresh = await freshness('globalCounts', 'counts');
        const cells = await read(begin, buckets.end, fresh);
        const { interval, tz } = query;
        return { status: 200, body: { interval, tz, buckets: filled(buckets, cells), asOf: fresh.asOf } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/stats/types',
      scope: 'read',
      summary: 'Events by type',
      description:
        'Of all users in a time, the most frequent type first; the last 24 hours unless given. At most 400 days.',
      query: z.object({
        from: time().optional().describe('From this minute on'),
        to: time().optional().describe('Up to this minute'),
      }),
      answers: {
        200: {
          description: 'The types.',
          schema: z.object({
            from: z.iso.datetime(),
            to: z.iso.datetime(),
            total: count,
            types: z.array(z.object({ activityType: z.string(), total: count, share: z.number() })),
            asOf: asOfSchema,
          }),
        },
        ...rangeTooLong,
      },
      handle: async ({ query }) => {
        const { from, to } = minuteRange(query, now());
        const fresh = await freshness('globalCounts', 'counts');
        const { total, byType: types } = await rollups.sum(from, to, fresh);
        const sorted = Object.entries(types).toSorted(([, a], [, b]) => b - a);
        return {
          status: 200,
          body: {
            from: new Date(from),
            to: new Date(to),
            total,
            types: sorted.map(([activityType, one]) => ({ activityType, total: one, share: one / total })),
            asOf: fresh.asOf,
          },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/stats/top-users',
      scope: 'read',
      summary: 'The busiest users',
      description:
        'By their events of the last 5 minutes, hour or 24 hours, of all time, or of a time by whole hours of UTC. At most 400 days.',
      query: z
        .object({
          window: z
            .enum(
              Object.keys(rankings) as [Ranking, ...Ranking[]],
              `must be one of ${Object.keys(rankings).join(', ')}`,
            )
            .optional()
            .describe('The time that is looked at; 24h unless `window` or `from` is given'),
          from: time().optional().describe('Instead of `window`: from this hour on'),
          to: time().optional().describe('With `from`: up to the end of this hour; now unless given'),
          limit: wholeNumber(100).default(10).describe('Users, at most 100'),
        })
        .refine(({ window, from }) => window === undefined || from === undefined, {
          path: ['window'],
          message: 'must not be given together with from',
        })
        .refine(({ from, to }) => to === undefined || from !== undefined, {
          path: ['to'],
          message: 'must not be given without from',
        }),
      answers: {
        200: {
          description: 'The users, the busiest first.',
          schema: z.object({
            window: z.string().optional().describe('Where a window was asked for, or nothing'),
            from: z.iso
              .datetime()
              .optional()
              .describe('Where `from` was asked for: the hours that are counted'),
            to: z.iso.datetime().optional(),
            users: z.array(
              z.object({ userId: z.string(), total: count, lastSeen: z.iso.datetime().optional() }),
            ),
            asOf: asOfSchema,
          }),
        },
        ...rangeTooLong,
      },
      handle: async ({ query: { window = '24h', limit, ...given } }) => {
        if (given.from === undefined) {
          const { asOf } = await freshness('users');
          return { status: 200, body: { window, users: await userStats.top(window, limit), asOf } };
        }
        const { from, to } = hourRange(given, now());
        const { asOf } = await freshness('counts', 'users');
        const users = await topUsers(from, to, limit);
        return { status: 200, body: { from: new Date(from), to: new Date(to), users, asOf } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/stats/active-users',
      scope: 'read',
      summary: 'How many users are active',
      description:
        'Users with an event in the last 24 hours, 7 days and 30 days, and by days of UTC. Counted up to 1,000,000.',
      query: z.object({ days: wholeNumber(90).default(30).describe('Days of the list, at most 90') }),
      answers: {
        200: {
          description: 'The numbers.',
          schema: z.object({
            daily: count,
            weekly: count,
            monthly: count,
            days: z.array(z.object({ day: z.iso.date(), users: count })),
            asOf: asOfSchema,
          }),
        },
        ...rangeTooLong,
      },
      handle: async ({ query: { days } }) => {
        const fresh = await freshness('users', 'counts');
        return { status: 200, body: { ...(await userStats.active(days, fresh)), asOf: fresh.asOf } };
      },
    }),
  ];
}
