// One event of a request: published, and the response when the broker has acknowledged it.
import { failureAnswer } from '@activity/service';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import type { ParsedEvent } from '../parse-event.ts';
import { publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';

type GoodEvent = Extract<ParsedEvent, { ok: true }>;

/**
 * Publishes an event: 201 when it is in Kafka, else the failure. Not a part of a route's `handle`, which
 * would hold all of the request while it waits for the broker.
 */
export function publishOne(
  { value, moved }: GoodEvent,
  { receivedAt, trace }: EdgeRequest,
  publisher: Publisher,
): Promise<PlainAnswer> {
  const { eventId } = value;
  return new Promise((resolve) => {
    publish(value, receivedAt, trace, publisher, (failure) => {
      resolve(failure === undefined ? created(eventId, moved) : failureAnswer(failure));
    });
  });
}

// Written out: this is the hottest answer there is.
function created(eventId: string, moved: readonly string[]): PlainAnswer {
  const more = moved.length === 0 ? '' : `,"movedToMetadata":${JSON.stringify(moved)}`;
  const body = `{"success":true,"message":"Activity log published successfully","eventId":${JSON.stringify(eventId)}${more}}`;
  return { status: 201, body };
}
