// What becomes of the calls of a request: each is written as an event, or as an item for the dead letters.
import { refusedItem, typeNameProblem } from '@activity/contracts';
import type { ActivityEvent } from '@activity/contracts';
import { failureAnswer, pace } from '@activity/service';
import type { Failure, FieldProblem } from '@activity/service';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import { parseEvent, problemsText, stampOf } from '../parse-event.ts';
import type { EventRules, Stamp } from '../parse-event.ts';
import { failureOfWrite, publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';
import { failureOf } from '../routes/publish-one.ts';
import type { ReadCall } from './read-calls.ts';
import { segmentEvent } from './segment-event.ts';
import type { SegmentCall } from './segment-event.ts';

/** A call that goes to the dead letters. */
interface DeadLettered {
  /** Its place in the batch, from 0. */
  index: number;
  reason: string;
}

/** The calls of a request, and what it says of all of them. */
export interface GivenCalls {
  calls: readonly ReadCall[];
  /** The call that the path names; undefined for a batch. */
  call: SegmentCall | undefined;
  sentAt?: unknown;
  context?: unknown;
}

/** Hands all calls on. Resolves to the promise of the response, which waits for the broker. */
export type TakeCalls = (
  given: GivenCalls,
  request: EdgeRequest,
) => Promise<{ answer: Promise<PlainAnswer> }>;

/** The most dead-lettered calls that a response names. */
const maxNamed = 20;
const maxReasonLength = 1_000;

/** An event to write, or why there is none. */
type Judged =
  | { ok: true; event: ActivityEvent }
  | { ok: false; reason: string; event?: ActivityEvent; userId?: string; failure?: Failure };

/** Every name that can be one. */
const anyType: EventRules['types'] = {
  get: () => undefined,
  unknown(name) {
    const message = typeNameProblem(name);
    return message === undefined ? { kind: 'taken' } : { kind: 'refused', message };
  },
};

/**
 * Makes it. A request succeeds where the broker has acknowledged each of its calls. The raw record of a call
 * that cannot be read holds its text and the reason, and the processor moves it to the dead letters: so the
 * edge needs no other right and no second producer, and the broker's acknowledgement covers all calls. A
 * call whose only fault is a type that is not known is written as an event: the processor refuses it by the
 * same list, and its dead letter can be replayed when the type has been registered.
 */
export function takeCalls(publisher: Publisher): TakeCalls {
  const { rules, metrics, newId, write } = publisher;

  function judge({ parsed }: ReadCall, given: GivenCalls, stamp: Stamp): Judged {
    if (!parsed.ok) return { ok: false, reason: reasonOf(parsed.details) };
    const mapped = segmentEvent(parsed.value, { ...given, receivedAt: stamp.now });
    if (!mapped.ok) return { ok: false, reason: reasonOf([mapped]) };
    const { body, judged, corrected } = mapped;
    const found = parseEvent(body, rules, stamp, judged);
    if (found.ok) return { ok: true, event: withMark(found.value, corrected) };
    const reason = reasonOf(found.details);
    if (found.because === 'unread-types') return { ok: false, reason, failure: failureOf(found) };
    const typed = found.details.every(({ field }) => field === 'activityType');
    const other = typed ? parseEvent(body, { ...rules, types: anyType }, stamp) : undefined;
    if (other?.ok) {
      // Without a mark of the edge's catalogue, the processor judges the type.
      const { typeVersion: _, ...event } = other.value;
      return { ok: false, reason, event: withMark(event, corrected) };
    }
    return { ok: false, reason, ...(typeof body.userId === 'string' && { userId: body.userId }) };
  }

  return async function take(given, request) {
    const { calls } = given;
    const { receivedAt, trace: headers } = request;
    const stamp = stampOf(request, newId);
    const all = Promise.withResolvers<PlainAnswer>();
    const deadLettered: DeadLettered[] = [];
    let failure: Failure | undefined;
    let missing = calls.length;

    function settle(failed: Failure | undefined): void {
      // What may be sent again is worth more than what may not.
      if (failure === undefined || failed?.kind === 'unavailable') failure = failed ?? failure;
      missing--;
      if (missing === 0) all.resolve(answerOf(failure, deadLettered));
    }

    function writeRefused(index: number, key: string | undefined, value: string, reason: string): void {
      const record = { key, value, timestamp: receivedAt, headers };
      write(record, undefined, (result) => {
        const failed = failureOfWrite(result);
        if (failed === undefined) deadLettered.push({ index, reason });
        else metrics.refused(failed.kind === 'too-large' ? 'too-large' : 'unavailable', 1);
        settle(failed);
      });
    }

    if (missing === 0) all.resolve(answerOf(undefined, []));
    for (const [index, call] of calls.entries()) {
      if (pace.due) await pace.rest();
      const judged = judge(call, given, stamp);
      if (!judged.ok) {
        metrics.refused(judged.failure === undefined ? 'invalid' : 'unavailable', 1);
        if (judged.failure !== undefined) {
          settle(judged.failure);
          continue;
        }
        const { event, reason, userId = event?.userId } = judged;
        const value = event === undefined ? refusedItem(String(call.json), reason) : JSON.stringify(event);
        writeRefused(index, userId, value, reason);
        continue;
      }
      const { event } = judged;
      publish(event, receivedAt, headers, publisher, (failed) => {
        if (failed?.kind !== 'too-large') return settle(failed);
        const reason = failed.message;
        writeRefused(index, event.userId, refusedItem(String(call.json), reason), reason);
      });
    }
    return { answer: all.promise };
  };
}

function withMark(event: ActivityEvent, corrected: boolean): ActivityEvent {
  return corrected ? { ...event, timestampCorrected: true } : event;
}

function reasonOf(details: readonly FieldProblem[]): string {
  return problemsText(details).slice(0, maxReasonLength).toWellFormed();
}

function answerOf(failure: Failure | undefined, deadLettered: DeadLettered[]): PlainAnswer {
  if (failure !== undefined) return failureAnswer(failure);
  if (deadLettered.length === 0) return { status: 200, body: '{"success":true}' };
  const named = deadLettered.toSorted((a, b) => a.index - b.index).slice(0, maxNamed);
  return { status: 200, body: { success: true, deadLettered: deadLettered.length, reasons: named } };
}
