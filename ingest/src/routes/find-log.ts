// Finds the number of a user's log by its eventId, stored or on its way, by asking the query service with the
// client's own key.
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

/** The states of an event whose log is stored, or will be: a command with its number comes behind it. */
const onItsWay = new Set(['accepted', 'processed', 'stored']);

/** Asks the query service. @throws Error where it does not reply, or not with JSON */
type Ask = <Body>(path: string) => Promise<{ status: number; body: Body }>;

interface Found {
  _id?: unknown;
  data?: { _id?: unknown }[];
}

interface Traced {
  state?: unknown;
  log?: unknown;
  unanswered?: unknown[];
}

/** The number that the log of an accepted event will have: while the sink is behind, it is not stored yet. */
async function numberOnItsWay(
  ask: Ask,
  event: { eventId: string; userId: string },
): Promise<number | 'none' | 'unknown'> {
  const { status, body } = await ask<Traced>(`/api/events/trace?${new URLSearchParams(event).toString()}`);
  if (status !== 200) return 'unknown';
  const { state, log, unanswered = [] } = body;
  if (onItsWay.has(String(state)) && Number.isSafeInteger(log)) return log as number;
  return state === 'unknown' && unanswered.length > 0 ? 'unknown' : 'none';
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
    const ask: Ask = async <Body>(path: string) => {
      const signal = AbortSignal.timeout((waitSeconds + 5) * 1_000);
      const answer = await deps.fetch(`${deps.queryUrl}${path}`, { headers, redirect: 'manual', signal });
      return { status: answer.status, body: (await answer.json()) as Body };
    };
    let message = 'the query service does not answer: nothing was deleted';
    try {
      const { status, body } = await ask<Found>(pathOf(eventId, userId));
      const number = body.data === undefined ? body._id : body.data[0]?._id;
      if (status === 200 && Number.isSafeInteger(number)) return number as number;
      const isAbsent = status === 404 || (status === 200 && body.data?.length === 0);
      // Its own words: a key that may not read.
      if (!isAbsent && status >= 400 && status < 500) return { status, body };
      if (isAbsent) {
        const waiting = await numberOnItsWay(ask, { eventId, userId });
        if (typeof waiting === 'number') return waiting;
        if (waiting === 'none' && status === 404) return { status, body };
        if (waiting === 'none') return failureAnswer({ kind: 'not-found', what: 'Activity log' });
        message = 'the event is not stored, and whether it is on its way is not known: nothing was deleted';
      }
    } catch {
      // Away, or not JSON: the same to the client.
    }
    return failureAnswer({ kind: 'unavailable', message, retryAfterSeconds: 1 });
  };
}
