// From the bytes of a batch to its events, each parsed on its own where the form allows it.
import type { FieldProblem } from '@activity/service';
import { parseJson } from './parse-event.ts';
import type { Parsed } from './parse-event.ts';

/** A batch's entries, or why it is no batch. */
export type Batch =
  | { ok: true; entries: Parsed<unknown>[] }
  | { ok: false; reason: 'invalid'; details: FieldProblem[] }
  | { ok: false; reason: 'too-many' };

const newline = 0x0a;
const ndjsonTypes = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines)\b/i;

/** Whether a content type is newline-delimited JSON. */
export function isNdjson(contentType: string | undefined): boolean {
  return contentType !== undefined && ndjsonTypes.test(contentType.trim());
}

/** Splits a JSON array, or NDJSON with one entry a line, blank lines aside. */
export function splitBatch(bytes: Buffer, ndjson: boolean, maxEvents: number): Batch {
  return ndjson ? splitLines(bytes, maxEvents) : splitArray(bytes, maxEvents);
}

function splitArray(bytes: Buffer, maxEvents: number): Batch {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return { ok: false, reason: 'invalid', details: parsed.details };
  if (!Array.isArray(parsed.value))
    return invalid('must be an array of events, or NDJSON by its Content-Type');
  const values: unknown[] = parsed.value;
  if (values.length === 0) return invalid('must hold at least one event');
  if (values.length > maxEvents) return { ok: false, reason: 'too-many' };
  return { ok: true, entries: values.map((value) => ({ ok: true, value })) };
}

function splitLines(bytes: Buffer, maxEvents: number): Batch {
  const entries: Parsed<unknown>[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(start, end);
    start = end + 1;
    if (isBlank(line)) continue;
    if (entries.length === maxEvents) return { ok: false, reason: 'too-many' };
    entries.push(parseJson(line));
  }
  return entries.length === 0 ? invalid('must hold at least one event') : { ok: true, entries };
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function invalid(message: string): Batch {
  return { ok: false, reason: 'invalid', details: [{ field: 'body', message }] };
}
