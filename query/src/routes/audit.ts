// GET /api/audit: who changed what, and when.
import {
  auditActions,
  auditActor,
  auditDetails,
  auditKinds,
  type AuditAction,
  type AuditRecord,
} from '@activity/contracts';
import { validationError } from '@activity/service';
import type { Collection, Filter } from 'mongodb';
import { z } from 'zod';
import { refused, shortText, someOf, time, wholeNumber } from '../http/parameters.ts';
import { route } from '../http/route.ts';
import type { Route } from '../http/route.ts';
import type { SignedText } from '../http/signed-text.ts';
import { filterDigest } from '../logs/filter.ts';
import type { AskFreshness } from '../pipeline/freshness.ts';
import type { Reads } from '../reads/reads.ts';
import { asOfSchema } from './stats.ts';

/** A line as MongoDB has it. */
export type AuditDocument = Omit<AuditRecord, 'at'> & { at: Date };

/** What the route needs. */
export interface AuditDeps {
  reads: Reads;
  audit: Collection<AuditDocument>;
  cursors: SignedText;
  freshness: AskFreshness;
}

const line = z.object({
  id: z.string().describe('The line’s own'),
  at: z.iso.datetime().describe('When it was changed'),
  actor: auditActor.describe(
    'Who changed it: a key, or a user of the operating system; empty where nobody is known',
  ),
  action: z.enum(auditActions),
  target: z.string().describe('What was changed: the id of a key, the name of a type, the number of a log'),
  details: auditDetails.describe('What it was changed to. Never a key, nor the hash of one'),
});

const list = z.object({
  data: z.array(line),
  next: z.string().nullable().describe('The cursor of the next page; null where there is none'),
  asOf: asOfSchema,
});

const maxLimit = 200;
const cursorSchema = z.tuple([z.literal('audit'), z.number().int(), z.string(), z.string()]);

/** What is asked for, beside the place in the list. */
interface Wanted {
  kind?: string[] | undefined;
  actor?: string | undefined;
  target?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

function actionsOf(kinds: readonly string[]): AuditAction[] {
  return auditActions.filter((action) => kinds.some((kind) => action.startsWith(`${kind}.`)));
}

function filterOf({ kind, actor, target, from, to }: Wanted): Filter<AuditDocument>[] {
  return [
    ...(kind === undefined ? [] : [{ action: { $in: actionsOf(kind) } }]),
    ...(actor === undefined ? [] : [{ $or: [{ 'actor.keyId': actor }, { 'actor.name': actor }] }]),
    ...(target === undefined ? [] : [{ target }]),
    ...(from === undefined ? [] : [{ at: { $gte: from } }]),
    ...(to === undefined ? [] : [{ at: { $lt: to } }]),
  ];
}

/** The route of the audit: for whoever may administer. */
export function auditRoute({ reads, audit, cursors, freshness }: AuditDeps): Route {
  /** What is behind a cursor. @throws FailureError where it is none of this list */
  function behind(cursor: string, digest: string): Filter<AuditDocument> {
    const read = cursorSchema.safeParse(cursors.read(cursor));
    if (!read.success) throw refused('cursor', 'is none that this service has given');
    const [, milliseconds, id, ofList] = read.data;
    if (ofList !== digest) throw refused('cursor', 'belongs to a list with other filters');
    const at = new Date(milliseconds);
    return { at: { $lte: at }, $or: [{ at: { $lt: at } }, { at, _id: { $lt: id } }] };
  }

  return route({
    method: 'GET',
    path: '/api/audit',
    scope: 'admin',
    summary: 'Who changed what, and when',
    description:
      'Changes of keys and types, and deletions, the newest first. Each change is there once. Deletions of users have the time of the request as `target`: `GET /api/erasures` has the receipt with that `requestedAt`.',
    query: z.object({
      kind: someOf(auditKinds)
        .optional()
        .describe(`Only these, separated by commas: ${auditKinds.join(', ')}`),
      actor: shortText(256).optional().describe('Only what this key did, by its id, or who has this name'),
      target: shortText(512).optional().describe('Only changes of this key, type or log'),
      from: time()
        .optional()
        .describe('Only what was changed then or later: ISO-8601, or epoch milliseconds'),
      to: time().optional().describe('Only what was changed before'),
      limit: wholeNumber(maxLimit).default(50).describe(`Lines of a page, at most ${maxLimit}`),
      cursor: shortText(1_024).optional().describe('The page: `next` of an answer to the same filters'),
    }),
    answers: {
      200: { description: 'A page of lines.', schema: list },
      400: { description: 'A parameter is wrong.', schema: validationError },
    },
    handle: async ({ query: { limit, cursor, ...wanted } }) => {
      const digest = filterDigest(wanted);
      const parts = [...filterOf(wanted), ...(cursor === undefined ? [] : [behind(cursor, digest)])];
      const { asOf } = await freshness('audit');
      const found = await reads.find('audit.page', audit, parts.length === 0 ? {} : { $and: parts }, {
        sort: { at: -1, _id: -1 },
        limit: limit + 1,
      });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const next =
        found.length > limit && last !== undefined
          ? cursors.write(['audit', last.at.getTime(), last._id, digest])
          : null;
      const data = shown.map(({ _id: id, at, actor, action, target, details }) => ({
        id,
        at: at.toISOString(),
        actor,
        action,
        target,
        details: details ?? {},
      }));
      return { status: 200, body: { data, next, asOf } };
    },
  });
}
