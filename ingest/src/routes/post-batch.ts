// POST /api/logs/batch: many events, with a verdict for each.
import { failureAnswer, validationError } from '@activity/service';
import type { Failure } from '@activity/service';
import { z } from 'zod';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import type { DirectRoute } from '../http/route.ts';
import { parseEvent } from '../parse-event.ts';
import type { Parsed } from '../parse-event.ts';
import { publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';
import { isNdjson, splitBatch } from '../split-batch.ts';
import { exampleEvent } from './post-log.ts';
import { batchResult } from './schemas.ts';
import type { verdict } from './schemas.ts';

/** The most events of one batch. */
const maxBatchEvents = 1_000;
/** The most bytes of one batch, unpacked. */
const maxBatchBytes = 1_048_576;

type Verdict = z.output<typeof verdict>;

/** The route for a batch of events. */
export function postBatchRoute(publisher: Publisher): DirectRoute {
  const { metrics, newId, activityInput } = publisher;

  /** Judges each entry and tells when the last verdict is there. */
  function judgeAll(
    entries: readonly Parsed<unknown>[],
    { receivedAt, trace }: EdgeRequest,
    tell: (verdicts: Verdict[]) => void,
  ): void {
    const verdicts: Verdict[] = [];
    let missing = entries.length;

    function judged(index: number, found: Verdict): void {
      verdicts[index] = found;
      missing--;
      if (missing === 0) tell(verdicts);
    }

    for (const [index, entry] of entries.entries()) {
      const event = entry.ok ? parseEvent(entry.value, activityInput, { now: receivedAt, newId }) : entry;
      if (!event.ok) {
        metrics.refused('invalid', 1);
        judged(index, { index, status: 400, error: 'Validation failed', details: event.details });
        continue;
      }
      const { eventId } = event.value;
      publish(event.value, receivedAt, trace, publisher, (failure) => {
        judged(
          index,
          failure === undefined ? { index, status: 201, eventId } : unwritten(index, eventId, failure),
        );
      });
    }
  }

  async function handle(request: EdgeRequest): Promise<PlainAnswer> {
    const ndjson = isNdjson(request.header('content-type'));
    const batch = splitBatch(await request.body(maxBatchBytes), ndjson, maxBatchEvents);
    if (!batch.ok) {
      return failureAnswer(
        batch.reason === 'too-many'
          ? { kind: 'too-large', message: `a batch must not hold more than ${maxBatchEvents} events` }
          : { kind: 'validation', details: batch.details },
      );
    }
    const { entries } = batch;
    const limited = entries.length > 1 ? request.charge(entries.length - 1) : undefined;
    if (limited !== undefined) {
      metrics.refused('limited', entries.length);
      return failureAnswer(limited);
    }
    const results = await new Promise<Verdict[]>((resolve) => {
      judgeAll(entries, request, resolve);
    });
    const accepted = results.filter(({ status }) => status === 201).length;
    const retry: Record<string, string> = results.some(({ status }) => status === 503)
      ? { 'retry-after': '1' }
      : {};
    return { status: 207, headers: retry, body: { accepted, refused: results.length - accepted, results } };
  }

  return {
    method: 'POST',
    direct: true,
    path: '/api/logs/batch',
    scope: 'ingest',
    summary: 'Publish up to 1,000 events',
    description:
      'An array, or NDJSON (one event a line). The answer has a verdict for each event, in their order: one that is refused costs no other. Events of one user keep their order.',
    body: {
      'application/json': {
        schema: z.array(activityInput).min(1).max(maxBatchEvents),
        example: [exampleEvent, exampleEvent],
      },
      'application/x-ndjson': { schema: z.string(), example: `${JSON.stringify(exampleEvent)}\n` },
    },
    answers: {
      207: { description: 'What became of each event.', schema: batchResult },
      400: { description: 'The body is no batch.', schema: validationError },
    },
    handle,
  };
}

function unwritten(index: number, eventId: string, failure: Failure): Verdict {
  const { status, body } = failureAnswer(failure);
  return { index, ...body, eventId, status: status === 413 ? 413 : 503 };
}
