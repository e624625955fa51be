// DELETE /api/logs/:id and /api/users/:userId: deletes, as commands on the raw topic.
import { idText, logId, maxPartitions } from '@activity/contracts';
import type { RawCommand } from '@activity/contracts';
import { failureAnswer, fieldProblems, plainError, validationError } from '@activity/service';
import { z } from 'zod';
import type { AuditWriter } from '../audit/audit-writer.ts';
import type { Answer, RoutedRequest } from '../http/edge-request.ts';
import { given, parametersOf } from '../http/parameters.ts';
import type { Route } from '../http/route.ts';
import type { WriteResult } from '../kafka/partition-lane.ts';
import { failureOfWrite } from '../publish.ts';
import type { Publisher, RecordHeaders } from '../publish.ts';
import type { FindLog } from './find-log.ts';
import { deletion } from './schemas.ts';

const logParameter = z.object({
  id: z
    .string()
    .regex(/^\d{1,16}$/, 'must be the number of a log')
    .transform(Number)
    .pipe(z.number().int('must be the number of a log')),
});
const eventParameters = z.object({ eventId: idText, userId: idText });
const userParameter = z.object({
  userId: idText,
});

function commandIdOf(result: WriteResult): { commandId?: number } {
  if (result.kind !== 'written' || result.offset === undefined) return {};
  return { commandId: logId(result.partition, result.offset) };
}

/** The routes that delete. They return 202: the delete happens when the command is processed. */
export function deleteRoutes(
  { write }: Pick<Publisher, 'write'>,
  findLog: FindLog,
  audit: Pick<AuditWriter, 'note'>,
): Route[] {
  async function send(
    command: RawCommand,
    place: { key?: string; partition?: number },
    headers: RecordHeaders,
    message: string,
  ): Promise<Answer> {
    const record = {
      key: place.key,
      value: JSON.stringify(command),
      timestamp: Date.parse(command.requestedAt),
      headers,
    };
    const result = await new Promise<WriteResult>((resolve) => {
      write(record, place.partition, resolve);
    });
    const failure = failureOfWrite(result);
    if (failure !== undefined) return failureAnswer(failure);
    return { status: 202, body: { success: true, message, ...commandIdOf(result) } };
  }

  /** By its number; with `userId` by the eventId of that user, whatever the text looks like. */
  async function deleteLog(request: RoutedRequest): Promise<Answer> {
    const { req } = request.context;
    const query = parametersOf(request, 'userId');
    if (!query.has('userId')) {
      const parameters = logParameter.safeParse(req.param());
      if (parameters.success) return deleteNumber(request, parameters.data.id);
      return failureAnswer({ kind: 'validation', details: fieldProblems(parameters.error) });
    }
    return deleteEvent(request, { eventId: req.param('id'), userId: given(query, 'userId') });
  }

  /** By parameters alone. */
  async function deleteByParameters(request: RoutedRequest): Promise<Answer> {
    const query = parametersOf(request, 'userId');
    return deleteEvent(request, { eventId: given(query, 'eventId'), userId: given(query, 'userId') });
  }

  async function deleteEvent(
    request: RoutedRequest,
    event: { eventId: string | undefined; userId: string },
  ): Promise<Answer> {
    const parameters = eventParameters.safeParse(event);
    if (!parameters.success)
      return failureAnswer({ kind: 'validation', details: fieldProblems(parameters.error) });
    const { eventId, userId } = parameters.data;
    const found = await findLog(request, eventId, userId);
    return typeof found === 'number' ? deleteNumber(request, found) : found;
  }

  async function deleteNumber(request: RoutedRequest, id: number): Promise<Answer> {
    const { receivedAt: at, identity, trace } = request;
    const requestedAt = new Date(at).toISOString();
    await audit.note({ action: 'log.deleted', target: String(id), details: {}, identity, at });
    // To the log's own partition, so that the command comes after the log.
    const place = { partition: id % maxPartitions };
    return send({ command: 'delete-log', id, requestedAt }, place, trace, 'Activity log deletion accepted');
  }

  async function eraseUser(request: RoutedRequest): Promise<Answer> {
    const { context, identity, receivedAt: at, trace } = request;
    const query = parametersOf(request, 'userId');
    const parameters = userParameter.safeParse({
      userId: context.req.param('userId') ?? given(query, 'userId'),
    });
    if (!parameters.success)
      return failureAnswer({ kind: 'validation', details: fieldProblems(parameters.error) });
    const { userId } = parameters.data;
    const requestedAt = new Date(at).toISOString();
    // Not the user's id, which would outlast the erasure: the receipt names it, and has the same time.
    await audit.note({ action: 'user.erased', target: requestedAt, details: {}, identity, at });
    return send(
      { command: 'erase-user', userId, requestedAt },
      { key: userId },
      trace,
      'User erasure accepted',
    );
  }

  const answers = {
    202: { description: 'The command is in Kafka and will be carried out.', schema: deletion },
    400: { description: 'The parameter is wrong.', schema: validationError },
  };
  return [
    {
      method: 'DELETE',
      path: '/api/logs/:id',
      scope: 'delete',
      summary: 'Delete one log',
      description:
        'By its number (`_id`), or with `userId` by the `eventId` of that user’s log, which the query service looks up (the key must be one that may read, too). The log disappears when the command is processed, and stays deleted when topics are read again.',
      parameters: { id: { schema: idText, description: 'The log’s `_id`; with `userId`, its `eventId`' } },
      query: z.object({ userId: idText.optional().describe('Whose log it is, where `id` is an `eventId`') }),
      answers: {
        ...answers,
        404: { description: 'No log has this number, or this `eventId`.', schema: plainError },
      },
      handle: deleteLog,
    },
    {
      method: 'DELETE',
      path: '/api/logs',
      scope: 'delete',
      summary: 'Delete one log, by parameters',
      description:
        'The same for every `eventId`, also for those that a path cannot hold: clients take `.` and `..` for a way up.',
      query: z.object({
        eventId: idText.describe('The log’s `eventId`'),
        userId: idText.describe('Whose log it is'),
      }),
      answers: {
        ...answers,
        404: { description: 'No log of the user has this `eventId`.', schema: plainError },
      },
      handle: deleteByParameters,
    },
    {
      method: 'DELETE',
      path: '/api/users/:userId',
      scope: 'delete',
      summary: 'Erase a user',
      description:
        'Erases all of the user’s logs, counts and state up to this moment. Later events of the user count from zero.',
      parameters: { userId: { schema: idText, description: 'The user' } },
      answers,
      handle: eraseUser,
    },
    {
      method: 'DELETE',
      path: '/api/users',
      scope: 'delete',
      summary: 'Erase a user, by a parameter',
      description:
        'The same for every id, also for those that a path cannot hold: clients take `.` and `..` for a way up.',
      query: z.object({ userId: idText.describe('The user') }),
      answers,
      handle: eraseUser,
    },
  ];
}
