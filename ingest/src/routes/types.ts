// PUT and DELETE /api/types/:name: the catalogue of event types, changed while everything runs.
import { deleteType, putType } from '@activity/catalogue';
import type { TypeChange, TypeChanges, TypeRefusal } from '@activity/catalogue';
import { currentVersion, eventType, eventTypeInput, isDeleted, typeName } from '@activity/contracts';
import type { AuditDetails, TypeRecord } from '@activity/contracts';
import { failureAnswer, FailureError, fieldProblems, plainError, validationError } from '@activity/service';
import type { Failure } from '@activity/service';
import { z } from 'zod';
import type { AuditWriter } from '../audit/audit-writer.ts';
import type { Answer, RoutedRequest } from '../http/edge-request.ts';
import { given, parametersOf } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';
import { parseJson } from '../parse-event.ts';

/** What the routes need. */
export interface TypeRoutesDeps {
  changes: TypeChanges;
  /** Whether ACTIVITY_TYPES registers a type. */
  isBuiltIn: (name: string) => boolean;
  audit: Pick<AuditWriter, 'note'>;
  newId: (now: number) => string;
}

const maxBodyBytes = 65_536;
const tagForm = /^\s*(?:W\/)?"(\d{1,15})"\s*$/;

/** 200 of a delete. */
const deleted = z.object({
  success: z.literal(true),
  message: z.string(),
  registered: z.boolean().describe('ACTIVITY_TYPES registers the type all the same'),
});

const incompatible = plainError.extend({
  reasons: z.array(z.string()).describe('What was valid and would not be any more'),
});

/** The routes that change types. */
export function typeRoutes({ changes, isBuiltIn, audit, newId }: TypeRoutesDeps): Route[] {
  function nameOf(request: RoutedRequest): string {
    const query = parametersOf(request, 'name');
    const name = typeName.safeParse(request.context.req.param('name') ?? given(query, 'name'));
    if (name.success) return name.data;
    throw new FailureError(
      invalid(fieldProblems(name.error).map(({ message }) => ({ field: 'name', message }))),
    );
  }

  function changeOf(request: RoutedRequest, name: string): TypeChange {
    const at = new Date(request.receivedAt).toISOString();
    return { name, by: request.identity.keyId ?? 'anonymous', at, expected: expectedOf(request) };
  }

  /** Writes the line of the audit, and then the change that was decided. */
  async function change<R extends TypeRecord>(
    request: RoutedRequest,
    name: string,
    decide: (current: TypeRecord | undefined) => R | TypeRefusal,
  ): Promise<R | Failure> {
    // The same for each attempt: the line is one.
    const id = newId(request.receivedAt);
    try {
      const decision = await changes.change<TypeRefusal, R>(
        name,
        (current) => {
          const found = decide(current);
          if ('kind' in found) return { refuse: found };
          return found === (current as TypeRecord) ? { keep: found } : { write: found };
        },
        async (record) => {
          const action = isDeleted(record) ? 'type.deleted' : 'type.put';
          const { identity, receivedAt: at } = request;
          await audit.note({ action, target: name, details: detailsOf(record), identity, at, id });
        },
      );
      if ('refuse' in decision) return failureOf(decision.refuse, name);
      return 'keep' in decision ? decision.keep : decision.write;
    } catch (error) {
      return unavailable(error);
    }
  }

  async function put(request: RoutedRequest): Promise<Answer> {
    const name = nameOf(request);
    const body = parseJson(await request.body.read(maxBodyBytes));
    if (!body.ok) return failureAnswer(invalid(body.details));
    const input = eventTypeInput.safeParse(body.value);
    if (!input.success) return failureAnswer(invalid(fieldProblems(input.error)));
    const by = changeOf(request, name);
    const force = isForced(request);
    let isNew = false;
    const made = await change(request, name, (current) => {
      isNew = current === undefined || isDeleted(current);
      return putType(current, input.data, { ...by, force, types: changes.count() });
    });
    if ('kind' in made) return failureAnswer(made);
    return { status: isNew ? 201 : 200, headers: { etag: `"${made.revision}"` }, body: made };
  }

  async function remove(request: RoutedRequest): Promise<Answer> {
    const name = nameOf(request);
    const by = changeOf(request, name);
    const gone = await change(request, name, (current) => deleteType(current, by));
    const registered = isBuiltIn(name);
    if (!('kind' in gone)) {
      const message = registered
        ? 'The type is not in the catalogue any more; ACTIVITY_TYPES registers it all the same'
        : 'The type is not registered any more';
      return { status: 200, body: { success: true, message, registered } };
    }
    if (gone.kind !== 'not-found' || !registered) return failureAnswer(gone);
    const message =
      'ACTIVITY_TYPES registers the type, and the catalogue has no entry of it: take it out there';
    return failureAnswer({ kind: 'conflict', message });
  }

  const shared = {
    400: { description: 'Something is wrong with what was sent.', schema: validationError },
    412: { description: 'The type has another revision than `If-Match` asks for.', schema: plainError },
    503: { description: 'The broker has not acknowledged the change in time.', schema: plainError },
  };
  const forced = z.stringbool().optional().describe('Whether to make an incompatible change all the same');
  const named = typeName.describe('The name of the type');
  const putting = {
    method: 'PUT',
    scope: 'admin',
    body: { 'application/json': { schema: eventTypeInput, example: examplePut } },
    answers: {
      ...shared,
      200: { description: 'The type as it is now, on all in-sync replicas.', schema: eventType },
      201: { description: 'The type is registered.', schema: eventType },
      409: {
        description: 'What was valid would not stay valid; or there are too many types.',
        schema: z.union([incompatible, plainError]),
      },
    },
    handle: put,
  } as const;
  const removing = {
    method: 'DELETE',
    scope: 'admin',
    answers: {
      ...shared,
      200: { description: 'The type is not in the catalogue any more.', schema: deleted },
      404: { description: 'There is no such type.', schema: plainError },
      409: { description: 'ACTIVITY_TYPES registers the type.', schema: plainError },
    },
    handle: remove,
  } as const;
  return [
    {
      ...putting,
      path: '/api/types/:name',
      summary: 'Register or change a type of events',
      description:
        'Within a second it is in force on every edge. A field that is absent stays as it is; `null` takes it away. A schema that is another one is a new version. A schema that would refuse what was valid is refused with the reasons (409), unless `force=true`. `If-Match` with the ETag of before, or `If-None-Match: *`, makes sure that nobody else has changed it.',
      parameters: { name: { schema: typeName, description: 'The name of the type' } },
      query: z.object({ force: forced }),
    },
    {
      ...putting,
      path: '/api/types',
      summary: 'Register or change a type, by a parameter',
      description:
        'The same for every name, also for those that a path cannot hold: clients take `.` and `..` for a way up.',
      query: z.object({ name: named, force: forced }),
    },
    {
      ...removing,
      path: '/api/types/:name',
      summary: 'Delete a type of events',
      description:
        'New events of the type are refused, or taken as of a type that is not registered. Stored logs stay.',
      parameters: { name: { schema: typeName, description: 'The name of the type' } },
    },
    {
      ...removing,
      path: '/api/types',
      summary: 'Delete a type of events, by a parameter',
      description:
        'The same for every name, also for those that a path cannot hold: clients take `.` and `..` for a way up.',
      query: z.object({ name: named }),
    },
  ];
}

const examplePut = {
  description: 'An order was paid',
  owner: 'shop',
  mode: 'strict',
  schema: {
    type: 'object',
    required: ['orderId', 'total'],
    properties: { orderId: { type: 'string' }, total: { type: 'number', minimum: 0 } },
  },
};

function invalid(details: { field: string; message: string }[]): Failure {
  return { kind: 'validation', details };
}

function isForced({ context }: RoutedRequest): boolean {
  const force = z.stringbool().optional().safeParse(context.req.query('force'));
  if (force.success) return force.data === true;
  throw new FailureError(invalid([{ field: 'force', message: 'must be true or false' }]));
}

function expectedOf({ header }: RoutedRequest): number | 'none' | undefined {
  if (header('if-none-match')?.trim() === '*') return 'none';
  const match = header('if-match');
  if (match === undefined || match.trim() === '*') return undefined;
  const revision = tagForm.exec(match)?.[1];
  if (revision !== undefined) return Number(revision);
  throw new FailureError(invalid([{ field: 'If-Match', message: 'must be the ETag of a type, like "3"' }]));
}

function failureOf(refusal: TypeRefusal, name: string): Failure {
  switch (refusal.kind) {
    case 'invalid':
      return invalid(refusal.details);
    case 'incompatible': {
      const message = `what was valid would not stay valid: ${refusal.reasons[0] ?? ''}; send it with ?force=true to change it all the same`;
      return { kind: 'conflict', message, extra: { reasons: refusal.reasons } };
    }
    case 'changed': {
      const now =
        refusal.revision === undefined ? 'there is no such type' : `its revision is ${refusal.revision}`;
      return { kind: 'precondition-failed', message: `${name} is not what was expected: ${now}` };
    }
    case 'not-found':
      return { kind: 'not-found', what: 'Type' };
    case 'full':
      return { kind: 'conflict', message: 'there are as many types as the catalogue takes: delete some' };
  }
}

function unavailable(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (!(error instanceof Error)) throw error;
  return {
    kind: 'unavailable',
    message: `the change could not be written: ${error.message}; read the type before you send it again`,
    retryAfterSeconds: 1,
  };
}

function detailsOf(record: TypeRecord): AuditDetails {
  if (isDeleted(record)) return { revision: record.revision };
  const { mode, revision, description, owner, retentionDays } = record;
  const { version, schema } = currentVersion(record);
  return {
    mode,
    revision,
    version,
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
    ...(retentionDays !== undefined && { retentionDays }),
    ...(schema !== undefined && { schema: JSON.stringify(schema) }),
  };
}
