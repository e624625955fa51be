// POST /api/cloudevents: CloudEvents 1.0 over HTTP, in the binary, the structured and the batched mode.
import { failureAnswer, schemaError } from '@activity/service';
import type { Failure } from '@activity/service';
import { z } from 'zod';
import type { PlainAnswer, RoutedRequest } from '../http/edge-request.ts';
import type { Route } from '../http/route.ts';
import { parseJson, stampOf } from '../parse-event.ts';
import type { ParsedEvent, Stamp } from '../parse-event.ts';
import type { Publisher } from '../publish.ts';
import { maxBatchEvents } from '../routes/batch-handler.ts';
import type { BatchHandler } from '../routes/batch-handler.ts';
import { batchAnswers } from '../routes/post-batch.ts';
import { publishOne, refuseOne } from '../routes/publish-one.ts';
import { published } from '../routes/schemas.ts';
import { modeOf } from './http-mode.ts';
import { parseBinary, parseStructured } from './parse-cloud-event.ts';

const wrongFormat: Failure = {
  kind: 'unsupported-media-type',
  message:
    'Content-Type must be application/cloudevents+json or application/cloudevents-batch+json, or that of the data of an event in the binary mode',
};

const cloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1).describe('With `id` it makes the `eventId`: `source#id`'),
  type: z.string().min(1).describe('The `activityType`'),
  subject: z.string().min(1).optional().describe('The `userId`; where it is absent, `userId` in the data'),
  time: z.iso.datetime({ offset: true }).optional().describe('The `timestamp`'),
  datacontenttype: z.string().optional(),
  dataschema: z.string().optional(),
  data: z.unknown().optional().describe('The fields of an object become the `metadata`'),
  data_base64: z.string().optional(),
});

const example = {
  specversion: '1.0',
  id: '17',
  source: '/shop',
  type: 'PAGE_VIEW',
  subject: 'alice',
  time: '2026-01-02T03:04:05Z',
  data: { path: '/pricing' },
};

/** The route for CloudEvents. */
export function cloudEventsRoute(publisher: Publisher, handleBatch: BatchHandler): Route {
  const { maxEventBytes, newId, rules } = publisher;

  function parseEntry(value: unknown, stamp: Stamp): ParsedEvent {
    return parseStructured(value, { rules, stamp });
  }

  async function handle(request: RoutedRequest): Promise<PlainAnswer> {
    const mode = modeOf(request.header('content-type'));
    if (mode === 'unsupported') return failureAnswer(wrongFormat);
    if (mode === 'batch') return handleBatch(request, { ndjson: false, parse: parseEntry });
    const bytes = await request.body.read(maxEventBytes);
    request.body.release();
    const event = mode === 'binary' ? binary(bytes, request) : structured(bytes, request);
    if (!event.ok) return refuseOne(event, publisher);
    return new Promise((resolve) => {
      publishOne(event, request, publisher, resolve);
    });
  }

  function binary(bytes: Buffer, request: RoutedRequest): ParsedEvent {
    const stamp = stampOf(request, newId);
    return parseBinary(request.context.req.header(), bytes, { rules, stamp });
  }

  function structured(bytes: Buffer, request: RoutedRequest): ParsedEvent {
    const body = parseJson(bytes);
    return body.ok ? parseEntry(body.value, stampOf(request, newId)) : body;
  }

  return {
    method: 'POST',
    path: '/api/cloudevents',
    scope: 'ingest',
    summary: 'Publish CloudEvents',
    description:
      'CloudEvents 1.0 in the binary mode (attributes as percent-encoded `ce-…` headers, the body is the data), the structured mode (`application/cloudevents+json`) and the batched mode (`application/cloudevents-batch+json`). The user is the `subject`, else `userId` in the data; `type` is the `activityType`; `source#id` is the `eventId`, or its SHA-256 in hex where that is longer than an `eventId` may be. The fields of `data` become the `metadata`; the other attributes are its field `cloudevent`. Data that is no object is its field `data`, bytes are its field `data_base64`.',
    body: {
      'application/cloudevents+json': { schema: cloudEvent, example },
      'application/cloudevents-batch+json': {
        schema: z.array(cloudEvent).min(1).max(maxBatchEvents),
        example: [example, { ...example, id: '18' }],
      },
      '*/*': {
        schema: z.unknown().describe('The data of an event in the binary mode'),
        example: example.data,
      },
    },
    answers: {
      ...batchAnswers,
      201: { description: 'The event is in Kafka.', schema: published },
      422: {
        description: 'The schema of the type refuses the metadata; of a batch: of each of its events.',
        schema: z.union([schemaError, batchAnswers[422].schema]),
      },
      400: {
        description:
          'Something is wrong with the event; of a batch: it is none, or each of its events is wrong.',
        schema: batchAnswers[400].schema,
      },
    },
    handle,
  };
}
