// POST /api/logs/batch: many events, with a verdict for each.
import { failureAnswer, plainError, validationError } from '@activity/service';
import type { DocumentedRoute, Failure } from '@activity/service';
import { z } from 'zod';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import { isEventType } from '../http/media-type.ts';
import type { DirectRoute } from '../http/route.ts';
import { parseEvent } from '../parse-event.ts';
import type { ParsedEvent, Stamp } from '../parse-event.ts';
import type { Publisher } from '../publish.ts';
import { isNdjson } from '../split-batch.ts';
import { maxBatchEvents } from './batch-handler.ts';
import type { BatchHandler } from './batch-handler.ts';
import { exampleEvent, maxKeyedBytes } from './post-log.ts';
import { batchResult, queryKey, refusedBatch, unpublishedBatch } from './schemas.ts';

const wrongType: Failure = {
  kind: 'unsupported-media-type',
  message: 'Content-Type must be application/json or application/x-ndjson',
};

/** What a batch of events may be answered, in whichever form it comes. */
export const batchAnswers = {
  207: {
    description:
      'At least one event is in Kafka, and what became of each. Where there is a 503 among them, `Retry-After` says when to send those again.',
    schema: batchResult,
  },
  400: {
    description: 'The body is no batch, or each of its events is wrong: then with a verdict for each.',
    schema: z.union([refusedBatch, validationError]),
  },
  413: {
    description: 'The batch is too large; or each of its events is: then with a verdict for each.',
    schema: z.union([unpublishedBatch, plainError]),
  },
  422: {
    description: 'The schemas of their types refuse the metadata of all events: with a verdict for each.',
    schema: unpublishedBatch,
  },
  503: {
    description: 'Nothing was written, and the events with 503 may be sent again: `Retry-After` says when.',
    schema: z.union([unpublishedBatch, plainError]),
  },
} satisfies DocumentedRoute['answers'];

/** The route for a batch of events. */
export function postBatchRoute(publisher: Publisher, handleBatch: BatchHandler): DirectRoute {
  const { rules } = publisher;

  function parse(entry: unknown, stamp: Stamp): ParsedEvent {
    return parseEvent(entry, rules, stamp);
  }

  async function handle(request: EdgeRequest): Promise<PlainAnswer> {
    const contentType = request.header('content-type');
    if (!isEventType(contentType)) return failureAnswer(wrongType);
    return handleBatch(request, { ndjson: isNdjson(contentType), parse });
  }

  return {
    method: 'POST',
    direct: true,
    path: '/api/logs/batch',
    scope: 'ingest',
    keyInBody: maxKeyedBytes,
    summary: 'Publish up to 1,000 events',
    description:
      'An array, or NDJSON (one event a line). The answer has a verdict for each event, in their order: one that is refused costs no other. Events of one user keep their order. Where nothing was written the answer is an error: 503 if anything of it may be sent again, 413 if all events are too large, otherwise 400. A web page may send `{"writeKey": …, "events": […]}` with its public key, up to 64 KB.',
    query: queryKey,
    body: {
      'application/json': {
        schema: z.array(rules.input).min(1).max(maxBatchEvents),
        example: [exampleEvent, exampleEvent],
      },
      'application/x-ndjson': { schema: z.string(), example: `${JSON.stringify(exampleEvent)}\n` },
    },
    answers: batchAnswers,
    handle,
  };
}
