// POST /api/logs: one event, acknowledged when the broker has acknowledged it.
import { failureAnswer, schemaError, validationError } from '@activity/service';
import type { Failure } from '@activity/service';
import type { EdgeRequest, Handled, PlainAnswer } from '../http/edge-request.ts';
import { isEventType } from '../http/media-type.ts';
import type { DirectRoute } from '../http/route.ts';
import { parseEvent, parseJson, stampOf } from '../parse-event.ts';
import type { Parsed } from '../parse-event.ts';
import type { Publisher } from '../publish.ts';
import { publishOne, refuseOne } from './publish-one.ts';
import { published as publishedSchema, queryKey, unpublished } from './schemas.ts';

/** An event as an example. */
export const exampleEvent = {
  userId: 'alice',
  activityType: 'PAGE_VIEW',
  metadata: { device: 'phone', path: '/pricing' },
};

const wrongType: Failure = {
  kind: 'unsupported-media-type',
  message: 'Content-Type must be application/json',
};

/** A body with a public key in it: no browser sends more in one that may outlive its page. */
export const maxKeyedBytes = 65_536;

/** The route for one event. */
export function postLogRoute(publisher: Publisher): DirectRoute {
  const { maxEventBytes, newId, rules } = publisher;

  function accept(body: Parsed<unknown>, request: EdgeRequest, respond: (answer: PlainAnswer) => void): void {
    request.body.release();
    const event = body.ok ? parseEvent(body.value, rules, stampOf(request, newId)) : body;
    if (event.ok) publishOne(event, request, publisher, respond);
    else respond(refuseOne(event, publisher));
  }

  // Without a promise: this is the hottest route.
  function handle(request: EdgeRequest): Handled<PlainAnswer> {
    if (!isEventType(request.header('content-type'))) return failureAnswer(wrongType);
    const { keyed } = request;
    return (respond, fail) => {
      if (keyed !== undefined) return accept({ ok: true, value: keyed }, request, respond);
      function parse(bytes: Buffer): void {
        try {
          accept(parseJson(bytes), request, respond);
        } catch (error) {
          fail(error);
        }
      }
      request.body.receive(maxEventBytes, parse, fail);
    };
  }

  return {
    method: 'POST',
    direct: true,
    path: '/api/logs',
    scope: 'ingest',
    keyInBody: maxKeyedBytes,
    summary: 'Publish one event',
    description:
      'Answers 201 when Kafka has the event on all in-sync replicas. With an `eventId` the event can be sent again: it is counted once. A top-level field that no event has is put into `metadata` and listed in `movedToMetadata`; one that looks like a field of an event (`user_id`, `eventID`) is refused. A web page may put its public key into the body, as `writeKey` or `key`.',
    query: queryKey,
    body: { 'application/json': { schema: rules.input, example: exampleEvent } },
    answers: {
      201: { description: 'The event is in Kafka.', schema: publishedSchema },
      400: { description: 'Something is wrong with the event.', schema: validationError },
      422: { description: 'The schema of the type refuses the metadata.', schema: schemaError },
      503: { description: 'The broker has not acknowledged the event in time.', schema: unpublished },
    },
    handle,
  };
}
