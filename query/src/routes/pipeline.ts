// GET /api/pipeline: how the pipeline is: lags, connectors, the ledger, dead letters.
import { collections, windowSizes } from '@activity/contracts';
import { z } from 'zod';
import { route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import type { AskFreshness, Source } from '../pipeline/freshness.ts';
import { lossSchema, type AskLosses } from '../pipeline/losses.ts';
import type { Stages } from '../pipeline/stages.ts';
import { addedUp } from '../stats/ledger.ts';
import type { Ledger } from '../stats/ledger.ts';
import { asOfSchema } from './stats.ts';

/** What the route needs. */
export interface PipelineDeps {
  stages: Stages;
  ledger: Ledger;
  ping: () => Promise<boolean>;
  freshness: AskFreshness;
  losses: AskLosses;
  now: () => number;
}

const count = z.number().int();
const classes = z.object({
  enriched: count,
  duplicate: count,
  deadLettered: count,
  command: count,
  late: count,
  deleted: count,
  erased: count,
});

const answer = z.object({
  healthy: z
    .boolean()
    .describe(
      'Every stage answers, runs, and is less than 10,000 records behind; nothing was lost in the last 24 hours',
    ),
  processor: z.object({
    instances: z.array(
      z.object({
        state: z.enum(['ready', 'not-ready', 'unreachable']),
        reason: z.string().optional(),
      }),
    ),
    lag: count
      .nullable()
      .describe('Raw records that are not processed yet; null where the supervisor does not answer'),
  }),
  sinks: z
    .array(
      z.object({
        connector: z.string(),
        state: z.string(),
        tasks: z.array(z.string()),
        lag: count.describe('Records that are not stored yet'),
        asOf: z.iso
          .datetime()
          .nullable()
          .describe('What it stores is complete up to this moment; null where that is not known'),
      }),
    )
    .nullable(),
  mongodb: z.object({ ready: z.boolean() }),
  ledger: classes
    .extend({
      expired: count.describe('Stored logs whose retention is over. Counts of windows and users keep them'),
    })
    .describe('What became of every raw record so far'),
  lastHour: classes.describe('The same of the last hour, by when the edge took them'),
  erasures: z.object({ waiting: count, kept: count }).nullable(),
  lost: z
    .array(lossSchema)
    .describe('What retention deleted before the processor or a connector had read it, the newest last'),
  asOf: asOfSchema,
});

const sources = Object.keys(collections) as Source[];
const muchLag = 10_000;

/** The route of the pipeline's health. */
export function pipelineRoute({ stages, ledger, ping, freshness, losses, now }: PipelineDeps): Route {
  return route({
    method: 'GET',
    path: '/api/pipeline',
    scope: 'read',
    summary: 'How the pipeline is',
    description:
      'The lag of each stage, the states of connectors, what became of all raw records, dead letters among them. Parts that do not answer are null, or say so.',
    answers: { 200: { description: 'How it is, also where it is not well.', schema: answer } },
    handle: async () => {
      const { asOf } = await freshness(...sources);
      const [report, instances, ready, all, lately, lost] = await Promise.all([
        stages.report(),
        stages.processors(),
        ping(),
        ledger.sums(),
        ledger.since(new Date(now() - windowSizes.hour)),
        losses(),
      ]);
      const sinks =
        report?.sinks.map(({ connector, state, tasks, lag, asOf: own }) => ({
          connector,
          state,
          tasks,
          lag,
          asOf: own,
        })) ?? null;
      const running =
        sinks?.every(
          ({ state, tasks, lag }) => [state, ...tasks].every((one) => one === 'RUNNING') && lag < muchLag,
        ) ?? false;
      const lag = report?.processor.lag ?? null;
      return {
        status: 200,
        body: {
          healthy:
            ready &&
            running &&
            !lost.some(({ noticedAt }) => now() - noticedAt.getTime() < windowSizes.day) &&
            lag !== null &&
            lag < muchLag &&
            instances.some(({ state }) => state === 'ready'),
          processor: { instances, lag },
          sinks,
          mongodb: { ready },
          ledger: { ...addedUp(all), expired: await ledger.expired(all, new Date(now())) },
          lastHour: addedUp(lately),
          erasures: report?.erasures ?? null,
          lost,
          asOf,
        },
      };
    },
  });
}
