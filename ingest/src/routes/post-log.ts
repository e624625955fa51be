// POST /api/logs: one event, acknowledged when the broker has acknowledged it.
import { failureAnswer, validationError } from '@activity/service';
import type { Failure } from '@activity/service';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import type { DirectRoute } from '../http/route.ts';
import { parseEvent, parseJson } from '../parse-event.ts';
import { publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';
import { published, unpublished } from './schemas.ts';

/** An event as an example. */
export const exampleEvent = {
  userId: 'alice',
  activityType: 'PAGE_VIEW',
  metadata: { device: 'phone', path: '/pricing' },
};

/** The route for one event. */
export function postLogRoute(publisher: Publisher): DirectRoute {
  const { maxEventBytes, metrics, newId, activityInput } = publisher;

  async function handle(request: EdgeRequest): Promise<PlainAnswer> {
    const body = parseJson(await request.body(maxEventBytes));
    const event = body.ok ? parseEvent(body.value, activityInput, { now: request.receivedAt, newId }) : body;
    if (!event.ok) {
      metrics.refused('invalid', 1);
      return failureAnswer({ kind: 'validation', details: event.details });
    }
    const failure = await new Promise<Failure | undefined>((resolve) => {
      publish(event.value, request.receivedAt, request.trace, publisher, resolve);
    });
    if (failure !== undefined) return failureAnswer(failure);
    const { eventId } = event.value;
    // Written out: this is the hottest answer there is.
    const text = `{"success":true,"message":"Activity log published successfully","eventId":${JSON.stringify(eventId)}}`;
    return { status: 201, body: text };
  }

  return {
    method: 'POST',
    direct: true,
    path: '/api/logs',
    scope: 'ingest',
    summary: 'Publish one event',
    description:
      'Answers 201 when Kafka has the event on all in-sync replicas. With an `eventId` the event can be sent again: it is counted once.',
    body: { 'application/json': { schema: activityInput, example: exampleEvent } },
    answers: {
      201: { description: 'The event is in Kafka.', schema: published },
      400: { description: 'Something is wrong with the event.', schema: validationError },
      503: { description: 'The broker has not acknowledged the event in time.', schema: unpublished },
    },
    handle,
  };
}
