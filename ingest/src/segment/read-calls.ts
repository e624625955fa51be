// From the bytes of a request to the calls of Segment's API that are in it.
import { isUtf8 } from 'node:buffer';
import { pace } from '@activity/service';
import type { FieldProblem } from '@activity/service';
import { membersOf } from '../json-members.ts';
import { fieldsOf } from '../json-values.ts';
import { parseJson, refused } from '../parse-event.ts';
import type { Parsed } from '../parse-event.ts';
import { elements } from '../split-batch.ts';

/** One call as it came. */
export interface ReadCall {
  /** Its text, which is JSON. */
  json: Buffer | string;
  /** Its value, or why it cannot be taken: it holds too much, or is nested too deep. */
  parsed: Parsed<unknown>;
}

/** The calls of a request, with what it says of all of them; or why it cannot be read. */
export type ReadCalls =
  | {
      ok: true;
      calls: ReadCall[];
      sentAt?: unknown;
      context?: unknown;
    }
  | { ok: false; details: FieldProblem[] }
  | { ok: false; tooMany: true };

/** The most calls of a batch. */
export const maxCalls = 2_500;

/** Reads a request that is one call. */
export function readCall(bytes: Buffer): ReadCalls {
  const parsed = parseJson(bytes);
  if (!parsed.ok && parsed.malformed) return { ok: false, details: parsed.details };
  if (parsed.ok && fieldsOf(parsed.value) === undefined) return refused('body', 'must be an object');
  return { ok: true, calls: [{ json: bytes, parsed }] };
}

/**
 * Reads a batch: `{ "batch": […], "sentAt": "…", "context": {…} }`. Its calls are parsed one by one, with a
 * rest where it is due. Where one of them is no JSON, the batch is refused.
 */
export async function readBatch(bytes: Buffer): Promise<ReadCalls> {
  if (!isUtf8(bytes)) return refused('body', 'must be UTF-8');
  const members = membersOf(bytes);
  if (members === undefined) return refused('body', 'must be a JSON object with a field batch');
  const texts = elements(members.get('batch') ?? Buffer.from('null'), maxCalls);
  if (texts === undefined) return refused('batch', 'must be valid JSON');
  if (texts === 'no-array') return refused('batch', 'must be an array of calls');
  if (texts.length > maxCalls) return { ok: false, tooMany: true };
  const calls: ReadCall[] = [];
  for (const [index, json] of texts.entries()) {
    if (pace.due) await pace.rest();
    const parsed = parseJson(json);
    if (!parsed.ok && parsed.malformed) return refused(`batch.${index}`, 'must be valid JSON');
    calls.push({ json, parsed });
  }
  return {
    ok: true,
    calls,
    sentAt: valueOf(members.get('sentAt')),
    context: valueOf(members.get('context')),
  };
}

/** The call of a body that has been parsed already, to find the key in it. */
export function keyedCall(keyed: Record<string, unknown>): ReadCalls {
  return { ok: true, calls: [callOf(keyed)] };
}

/** The same of a batch. */
export function keyedBatch({ batch, sentAt, context }: Record<string, unknown>): ReadCalls {
  if (!Array.isArray(batch)) return refused('batch', 'must be an array of calls');
  if (batch.length > maxCalls) return { ok: false, tooMany: true };
  return { ok: true, calls: batch.map(callOf), sentAt, context };
}

function callOf(value: unknown): ReadCall {
  return { json: JSON.stringify(value), parsed: { ok: true, value } };
}

function valueOf(json: Buffer | undefined): unknown {
  const parsed = json && parseJson(json);
  return parsed?.ok ? parsed.value : undefined;
}
