// GET /api/erasures: what has become of the erasures of users.
import { plainError, validationError } from '@activity/service';
import type { ErasureReceipt } from '@activity/contracts';
import type { Collection, Filter } from 'mongodb';
import { z } from 'zod';
import { id, wholeNumber } from '../http/parameters.ts';
import { failed, route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import type { Stages } from '../pipeline/stages.ts';
import type { Reads } from '../reads/reads.ts';

/** What the routes need. */
export interface ErasureDeps {
  reads: Reads;
  receipts: Collection<ErasureReceipt>;
  stages: Pick<Stages, 'erasure' | 'report'>;
}

const moment = z.iso.datetime();
const place = z.object({
  place: z.string().describe('A topic or a collection'),
  holds: z
    .enum(['events', 'counts', 'id'])
    .describe('events: their content; counts: how many there were; id: the user id alone'),
  until: moment.nullable().describe('When it is gone at the latest; null: no end is known'),
  why: z.string().optional().describe('Why no end is known'),
});
const erasure = z.object({
  commandId: z.number().int().describe('As the 202 of the request has it'),
  state: z
    .enum(['accepted', 'processed', 'done'])
    .describe('accepted: before the processor; processed: the logs are still there; done: they are gone'),
  userId: z.string(),
  requestedAt: moment,
  erasedAt: moment.nullable().describe('When the logs were gone'),
  logs: z.number().int().nullable().describe('How many logs there were; null while that is not known'),
  places: z
    .array(place)
    .describe('Every place that still holds something of the user; empty before the receipt'),
  expiresAt: moment.nullable().describe('When this receipt goes; null where there is none yet, or it stays'),
});

type Shown = z.input<typeof erasure>;

function shown(receipt: ErasureReceipt): Shown {
  const { _id, userId, requestedAt, erasedAt, logs, places, expiresAt, heldUntil } = receipt;
  const { raw, enriched, deadLetter } = heldUntil;
  // Receipts of before name three topics.
  const held = places ?? [
    { place: 'kafka: raw', holds: 'events' as const, until: raw },
    { place: 'kafka: enriched', holds: 'events' as const, until: enriched },
    { place: 'kafka: dead letters', holds: 'events' as const, until: deadLetter },
  ];
  return {
    commandId: _id,
    state: erasedAt === undefined ? 'processed' : 'done',
    userId,
    requestedAt: requestedAt.toISOString(),
    erasedAt: erasedAt?.toISOString() ?? null,
    logs,
    places: held.map(({ until, place: where, holds, ...reason }) => ({
      place: where,
      holds,
      until: until?.toISOString() ?? null,
      ...('why' in reason && { why: reason.why }),
    })),
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}

const number = z
  .string()
  .regex(/^\d{1,16}$/, 'must be the number of a command')
  .transform(Number)
  .pipe(z.number().int('must be the number of a command'));

/** The routes of erasures: for whoever may erase. */
export function erasureRoutes({ reads, receipts, stages }: ErasureDeps): Route[] {
  async function receiptOf(commandId: number): Promise<ErasureReceipt | undefined> {
    const filter: Filter<ErasureReceipt> = { _id: commandId };
    return (await reads.find('erasures.one', receipts, filter, { limit: 1 }))[0];
  }

  return [
    route({
      method: 'GET',
      path: '/api/erasures',
      scope: 'delete',
      summary: 'The erasures of users',
      description:
        'Receipts of erasures, the newest first. Those that wait for the sink are counted: they have no receipt yet.',
      query: z.object({
        userId: id().optional().describe('Those of one user'),
        limit: wholeNumber(1_000).default(50).describe('The most receipts, at most 1,000'),
        before: number.optional().describe('The commandId of the last one of the answer before'),
      }),
      answers: {
        200: {
          description: 'The receipts.',
          schema: z.object({
            data: z.array(erasure),
            waiting: z.number().int().nullable().describe('Null where the supervisor does not answer'),
          }),
        },
        400: { description: 'A parameter is wrong.', schema: validationError },
        404: { description: 'There is no receipt with the number `before`.', schema: plainError },
      },
      handle: async ({ query: { userId, limit, before } }) => {
        const last = before === undefined ? undefined : await receiptOf(before);
        if (before !== undefined && last === undefined) return failed({ kind: 'not-found', what: 'Erasure' });
        const filter: Filter<ErasureReceipt> = {
          ...(userId !== undefined && { userId }),
          ...(last !== undefined && {
            $or: [
              { requestedAt: { $lt: last.requestedAt } },
              { requestedAt: last.requestedAt, _id: { $lt: last._id } },
            ],
          }),
        };
        const [found, report] = await Promise.all([
          reads.find('erasures.newest', receipts, filter, { sort: { requestedAt: -1, _id: -1 }, limit }),
          stages.report(),
        ]);
        return { status: 200, body: { data: found.map(shown), waiting: report?.erasures.waiting ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/erasures/:commandId',
      scope: 'delete',
      summary: 'What has become of an erasure',
      description:
        'By the `commandId` that `DELETE /api/users/:userId` returns: accepted, processed or done, with the receipt: how many logs there were, and every place that still holds something of the user, until when.',
      parts: z.object({ commandId: number.describe('As the 202 of the request has it') }),
      answers: {
        200: { description: 'The erasure.', schema: erasure },
        400: { description: 'The number is wrong.', schema: validationError },
        404: { description: 'No erasure has this number, or its receipt has expired.', schema: plainError },
        503: { description: 'There is no receipt, and the supervisor does not answer.', schema: plainError },
      },
      handle: async ({ path: { commandId } }) => {
        const receipt = await receiptOf(commandId);
        if (receipt !== undefined) return { status: 200, body: shown(receipt) };
        const known = await stages.erasure(commandId);
        if (known === null) {
          // Carried out since the receipt was looked for.
          const since = await receiptOf(commandId);
          if (since !== undefined) return { status: 200, body: shown(since) };
          return failed({ kind: 'not-found', what: 'Erasure' });
        }
        if (known === undefined) {
          return failed({
            kind: 'unavailable',
            message: 'the supervisor, which knows of erasures on their way, does not answer',
            retryAfterSeconds: 2,
          });
        }
        const body: Shown = {
          ...known,
          commandId,
          erasedAt: null,
          logs: null,
          places: [],
          expiresAt: null,
        };
        return { status: 200, body };
      },
    }),
  ];
}
