// POST /api/logs/batch: many events, with a verdict for each.
import { failureAnswer, pace, plainError, validationError } from '@activity/service';
import type { Failure } from '@activity/service';
import { z } from 'zod';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import { isEventType } from '../http/media-type.ts';
import type { DirectRoute } from '../http/route.ts';
import { Slots } from '../http/slots.ts';
import { parseEvent } from '../parse-event.ts';
import type { Parsed } from '../parse-event.ts';
import { publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';
import { isNdjson, splitBatch } from '../split-batch.ts';
import type { Batch } from '../split-batch.ts';
import { batchAnswer } from './batch-answer.ts';
import type { Verdict } from './batch-answer.ts';
import { exampleEvent } from './post-log.ts';
import { batchResult, refusedBatch, unpublishedBatch } from './schemas.ts';

/** The most events of one batch. */
const maxBatchEvents = 1_000;
/** The most bytes of one batch, unpacked. */
const maxBatchBytes = 1_048_576;

/** A batch that is refused as a whole, or what becomes of each of its events. */
type Judged = { refused: PlainAnswer } | { verdicts: Promise<Verdict[]> };

const wrongType: Failure = {
  kind: 'unsupported-media-type',
  message: 'Content-Type must be application/json or application/x-ndjson',
};

/** The route for a batch of events. */
export function postBatchRoute(publisher: Publisher): DirectRoute {
  const { metrics, newId, activityInput } = publisher;
  // One after the other: parsed events take many times the memory of their bytes.
  const parsing = new Slots(1);
  const answering = new Slots(1);

  /** Hands each event on. Resolves to the promise of all verdicts, which wait for the broker. */
  async function judgeAll(
    entries: readonly Parsed<unknown>[],
    { receivedAt, trace }: EdgeRequest,
  ): Promise<{ verdicts: Promise<Verdict[]> }> {
    const all = Promise.withResolvers<Verdict[]>();
    const verdicts: Verdict[] = [];
    let missing = entries.length;

    function judged(index: number, found: Verdict): void {
      verdicts[index] = found;
      missing--;
      if (missing === 0) all.resolve(verdicts);
    }

    for (const [index, entry] of entries.entries()) {
      if (pace.due) await pace.rest();
      const event = entry.ok ? parseEvent(entry.value, activityInput, { now: receivedAt, newId }) : entry;
      if (!event.ok) {
        metrics.refused('invalid', 1);
        judged(index, { index, status: 400, error: 'Validation failed', details: event.details });
        continue;
      }
      const { eventId } = event.value;
      const moved = event.moved.length === 0 ? undefined : { movedToMetadata: [...event.moved] };
      publish(event.value, receivedAt, trace, publisher, (failure) => {
        judged(
          index,
          failure === undefined
            ? { index, status: 201, eventId, ...moved }
            : unwritten(index, eventId, failure),
        );
      });
    }
    return { verdicts: all.promise };
  }

  async function judge(bytes: Buffer, ndjson: boolean, request: EdgeRequest): Promise<Judged> {
    const batch = await splitBatch(bytes, ndjson, maxBatchEvents);
    if (!batch.ok) return { refused: noBatch(batch) };
    const { entries } = batch;
    const limited = request.charge(entries.length);
    if (limited !== undefined) {
      metrics.refused('limited', entries.length);
      return { refused: failureAnswer(limited) };
    }
    return judgeAll(entries, request);
  }

  /** Not a part of `handle`, which would hold the bytes while it waits for the broker. */
  async function readAndJudge(request: EdgeRequest): Promise<Judged> {
    const ndjson = isNdjson(request.header('content-type'));
    const bytes = await request.body.read(maxBatchBytes);
    return parsing.run(() => judge(bytes, ndjson, request));
  }

  /** The answer as text. When the broker is away, the deadline of many batches passes at the same moment. */
  async function answerOf(verdicts: Verdict[]): Promise<PlainAnswer> {
    return answering.run(async () => {
      const { body, ...head } = batchAnswer(verdicts);
      const text = JSON.stringify(body);
      await pace.rest();
      return { ...head, body: text };
    });
  }

  async function handle(request: EdgeRequest): Promise<PlainAnswer> {
    if (!isEventType(request.header('content-type'))) return failureAnswer(wrongType);
    const judged = await readAndJudge(request);
    request.body.release();
    return 'refused' in judged ? judged.refused : answerOf(await judged.verdicts);
  }

  return {
    method: 'POST',
    direct: true,
    path: '/api/logs/batch',
    scope: 'ingest',
    summary: 'Publish up to 1,000 events',
    description:
      'An array, or NDJSON (one event a line). The answer has a verdict for each event, in their order: one that is refused costs no other. Events of one user keep their order. Where nothing was written the answer is an error: 503 if anything of it may be sent again, 413 if all events are too large, otherwise 400.',
    body: {
      'application/json': {
        schema: z.array(activityInput).min(1).max(maxBatchEvents),
        example: [exampleEvent, exampleEvent],
      },
      'application/x-ndjson': { schema: z.string(), example: `${JSON.stringify(exampleEvent)}\n` },
    },
    answers: {
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
      503: {
        description:
          'Nothing was written, and the events with 503 may be sent again: `Retry-After` says when.',
        schema: z.union([unpublishedBatch, plainError]),
      },
    },
    handle,
  };
}

function noBatch(batch: Extract<Batch, { ok: false }>): PlainAnswer {
  return failureAnswer(
    batch.reason === 'too-many'
      ? { kind: 'too-large', message: `a batch must not hold more than ${maxBatchEvents} events` }
      : { kind: 'validation', details: batch.details },
  );
}

function unwritten(index: number, eventId: string, failure: Failure): Verdict {
  const { status, body } = failureAnswer(failure);
  return { index, ...body, eventId, status: status === 413 ? 413 : 503 };
}
