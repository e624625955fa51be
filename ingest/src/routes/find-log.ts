// Finds the number of a user's log by its eventId, by asking the query service with the client's own key.
import { failureAnswer } from '@activity/service';
import type { Answer, RoutedRequest } from '../http/edge-request.ts';
import type { ForwardDeps } from './forward.ts';

/** Resolves with the log's `_id`, or with what to answer where there is none. */
export type FindLog = (request: RoutedRequest, eventId: string, userId: string) => Promise<number | Answer>;

const credentials = ['authorization', 'x-api-key'];
/** A delete right after its POST waits until the log is stored. */
const waitSeconds = 2;

/** No path has the ids `.` and `..`, which are taken for a way up: these are looked for in the list. */
function pathOf(eventId: string, userId: string): string {
  if (/^\.{1,2}$/.test(eventId))
    return `/api/logs?${new URLSearchParams({ eventId, userId, limit: '1' }).toString()}`;
  const query = new URLSearchParams({ userId, wait: `${waitSeconds}s` }).toString();
  return `/api/logs/${encodeURIComponent(eventId)}?${query}`;
}

/** Makes what finds it; without a query service it says that there is none. */
export function createFindLog(deps: Pick<ForwardDeps, 'queryUrl' | 'fetch'> | undefined): FindLog {
  return async function findLog({ header, id }, eventId, userId) {
    if (deps === undefined) {
      const message = 'deleting by eventId needs the query service: set QUERY_URL, or delete by the number';
      return failureAnswer({ kind: 'unavailable', message, retryAfterSeconds: 60 });
    }
    const headers = new Headers({ accept: 'application/json', 'x-request-id': id });
    for (const name of credentials) {
      const value = header(name);
      if (value !== undefined) headers.set(name, value);
    }
    try {
      const answer = await deps.fetch(`${deps.queryUrl}${pathOf(eventId, userId)}`, {
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout((waitSeconds + 5) * 1_000),
      });
      const body = (await answer.json()) as { _id?: unknown; data?: { _id?: unknown }[] };
      const number = body.data === undefined ? body._id : body.data[0]?._id;
      if (answer.status === 200 && Number.isSafeInteger(number)) return number as number;
      if (answer.status === 200 && body.data?.length === 0)
        return failureAnswer({ kind: 'not-found', what: 'Activity log' });
      // Its own words: no such log, or a key that may not read.
      if (answer.status >= 400 && answer.status < 500) return { status: answer.status, body };
    } catch {
      // Away, or not JSON: the same to the client.
    }
    const message = 'the query service does not answer: nothing was deleted';
    return failureAnswer({ kind: 'unavailable', message, retryAfterSeconds: 1 });
  };
}
