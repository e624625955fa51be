// What becomes of a batch, whichever form its events have: split, charged, each event judged, one response.
import { failureAnswer, pace } from '@activity/service';
import type { Failure } from '@activity/service';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import { Slots } from '../http/slots.ts';
import { stampOf } from '../parse-event.ts';
import type { Parsed, ParsedEvent, Stamp } from '../parse-event.ts';
import { publish } from '../publish.ts';
import type { Publisher } from '../publish.ts';
import { keyedBatch, splitBatch } from '../split-batch.ts';
import type { Batch } from '../split-batch.ts';
import { batchAnswer } from './batch-answer.ts';
import type { Verdict } from './batch-answer.ts';
import { failureOf, reasonOf } from './publish-one.ts';

/** The most events of one batch. */
export const maxBatchEvents = 1_000;
/** The most bytes of one batch, unpacked. */
const maxBatchBytes = 1_048_576;

/** The form of a batch: how it is split, and how one entry becomes an event. */
export interface BatchForm {
  /** One entry a line, rather than a JSON array. */
  ndjson: boolean;
  parse: (entry: unknown, stamp: Stamp) => ParsedEvent;
}

/** Publishes a batch and returns the response. */
export type BatchHandler = (request: EdgeRequest, form: BatchForm) => Promise<PlainAnswer>;

/** A batch that is refused as a whole, or what becomes of each of its events. */
type Judged = { refused: PlainAnswer } | { verdicts: Promise<Verdict[]> };

/** Makes the handler; all routes share one, so that one batch is parsed at a time. */
export function batchHandler(publisher: Publisher): BatchHandler {
  const { metrics, newId } = publisher;
  // One after the other: parsed events take many times the memory of their bytes.
  const parsing = new Slots(1);
  const answering = new Slots(1);

  /** Hands each event on. Resolves to the promise of all verdicts, which wait for the broker. */
  async function judgeAll(
    entries: readonly Parsed<unknown>[],
    parse: BatchForm['parse'],
    request: EdgeRequest,
  ): Promise<{ verdicts: Promise<Verdict[]> }> {
    const { receivedAt, trace } = request;
    const stamp = stampOf(request, newId);
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
      const event = entry.ok ? parse(entry.value, stamp) : entry;
      if (!event.ok) {
        metrics.refused(reasonOf(event), 1);
        judged(index, refusalOf(index, event));
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

  async function judge(batch: Batch, { parse }: BatchForm, request: EdgeRequest): Promise<Judged> {
    if (!batch.ok) return { refused: noBatch(batch) };
    const { entries } = batch;
    const limited = request.charge(entries.length);
    if (limited !== undefined) {
      metrics.refused('limited', entries.length);
      return { refused: failureAnswer(limited) };
    }
    return judgeAll(entries, parse, request);
  }

  /** Not a part of `handle`, which would hold the bytes while it waits for the broker. */
  async function readAndJudge(request: EdgeRequest, form: BatchForm): Promise<Judged> {
    const { keyed } = request;
    if (keyed !== undefined)
      return parsing.run(() => judge(keyedBatch(keyed, maxBatchEvents), form, request));
    const bytes = await request.body.read(maxBatchBytes);
    return parsing.run(async () =>
      judge(await splitBatch(bytes, form.ndjson, maxBatchEvents), form, request),
    );
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

  return async function handle(request, form) {
    const judged = await readAndJudge(request, form);
    request.body.release();
    return 'refused' in judged ? judged.refused : answerOf(await judged.verdicts);
  };
}

function noBatch(batch: Extract<Batch, { ok: false }>): PlainAnswer {
  return failureAnswer(
    batch.reason === 'too-many'
      ? { kind: 'too-large', message: `a batch must not hold more than ${maxBatchEvents} events` }
      : { kind: 'validation', details: batch.details },
  );
}

function refusalOf(index: number, event: Extract<ParsedEvent, { ok: false }>): Verdict {
  const { body } = failureAnswer(failureOf(event));
  const status = event.because === undefined ? 400 : event.because === 'schema' ? 422 : 503;
  return { index, ...body, status };
}

function unwritten(index: number, eventId: string, failure: Failure): Verdict {
  const { status, body } = failureAnswer(failure);
  return { index, ...body, eventId, status: status === 413 ? 413 : 503 };
}
