// One event of a request: published, and the response when the broker has acknowledged it.
import { failureAnswer } from '@activity/service';
import type { Failure } from '@activity/service';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import type { RefusalReason } from '../metrics.ts';
import type { ParsedEvent } from '../parse-event.ts';
import { publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';

type GoodEvent = Extract<ParsedEvent, { ok: true }>;
type RefusedEvent = Extract<ParsedEvent, { ok: false }>;

/**
 * Publishes an event and calls back once: 201 when it is in Kafka, else the failure. Not a part of a route's
 * `handle`, which would hold all of the request while it waits for the broker.
 */
export function publishOne(
  { value, moved }: GoodEvent,
  { receivedAt, trace }: Pick<EdgeRequest, 'receivedAt' | 'trace'>,
  publisher: Publisher,
  respond: (answer: PlainAnswer) => void,
): void {
  const { eventId } = value;
  publish(value, receivedAt, trace, publisher, (failure) => {
    respond(failure === undefined ? created(eventId, moved) : failureAnswer(failure));
  });
}

/** Counts an event that is refused, and returns the response: 422 by its type's schema, else 400. */
export function refuseOne(event: RefusedEvent, { metrics }: Pick<Publisher, 'metrics'>): PlainAnswer {
  metrics.refused(reasonOf(event), 1);
  return failureAnswer(failureOf(event));
}

/** Why an event was not accepted, for the metrics. */
export function reasonOf({ because }: RefusedEvent): RefusalReason {
  if (because === undefined) return 'invalid';
  return because === 'schema' ? 'schema' : 'unavailable';
}

/** The failure that a refused event is for its client. */
export function failureOf({ because, details }: RefusedEvent): Failure {
  if (because === undefined) return { kind: 'validation', details };
  if (because === 'schema') return { kind: 'schema', details };
  const message = 'the catalogue of types has not been read yet: send it again';
  return { kind: 'unavailable', message, retryAfterSeconds: 1 };
}

// Written out: this is the hottest answer there is.
function created(eventId: string, moved: readonly string[]): PlainAnswer {
  const more = moved.length === 0 ? '' : `,"movedToMetadata":${JSON.stringify(moved)}`;
  const body = `{"success":true,"message":"Activity log published successfully","eventId":${JSON.stringify(eventId)}${more}}`;
  return { status: 201, body };
}
