// The answer to a batch: its status follows from the verdicts, so that a client that only looks at the status
// is right.
import type { FieldProblem } from '@activity/service';
import type { z } from 'zod';
import type { PlainAnswer } from '../http/edge-request.ts';
import type { verdict } from './schemas.ts';

/** What became of one event. */
export type Verdict = z.output<typeof verdict>;

/**
 * 207 where at least one event was written. Otherwise an error, with the verdicts in its body: 503 where at
 * least one event may be sent again, 413 where each is too large, 422 where the schemas of their types refuse
 * all of them, else 400.
 */
export function batchAnswer(results: Verdict[]): PlainAnswer {
  const accepted = count(results, 201);
  const unavailable = count(results, 503);
  const counts = { accepted, refused: results.length - accepted, results };
  const headers: Record<string, string> = unavailable > 0 ? { 'retry-after': '1' } : {};
  if (accepted > 0) return { status: 207, headers, body: counts };
  if (unavailable > 0) {
    const message = 'no event was written: send those with status 503 again, with their eventIds';
    return { status: 503, headers, body: { error: 'Service unavailable', message, ...counts } };
  }
  if (count(results, 413) === results.length) {
    const message = 'each event is too large';
    return { status: 413, headers, body: { error: 'Payload too large', message, ...counts } };
  }
  if (count(results, 422) === results.length) {
    const message = 'the schemas of their types refuse the metadata of all events';
    return {
      status: 422,
      headers,
      body: { error: 'Metadata refused by the schema of the type', message, ...counts },
    };
  }
  return {
    status: 400,
    headers,
    body: { error: 'Validation failed', details: results.flatMap(problemsOf), ...counts },
  };
}

function count(results: readonly Verdict[], status: Verdict['status']): number {
  return results.reduce((sum, result) => sum + (result.status === status ? 1 : 0), 0);
}

/** The problems of one event, each with the event's place before its field. */
function problemsOf({ index, details, message = 'is refused' }: Verdict): FieldProblem[] {
  return (
    details?.map(({ field, message: problem }) => ({ field: `${index}.${field}`, message: problem })) ?? [
      { field: String(index), message },
    ]
  );
}
