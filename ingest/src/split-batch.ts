// From the bytes of a batch to its events, each parsed on its own where the form allows it.
import { isUtf8 } from 'node:buffer';
import { pace } from '@activity/service';
import type { FieldProblem } from '@activity/service';
import { outlineOf, skipBlanks } from './json-outline.ts';
import { parseJson } from './parse-event.ts';
import type { Parsed } from './parse-event.ts';

/** A batch's entries, or why it is no batch. */
export type Batch =
  | { ok: true; entries: Parsed<unknown>[] }
  | { ok: false; reason: 'invalid'; details: FieldProblem[] }
  | { ok: false; reason: 'too-many' };

const newline = 0x0a;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const ndjsonTypes = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines)\b/i;

/** Whether a content type is newline-delimited JSON. */
export function isNdjson(contentType: string | undefined): boolean {
  return contentType !== undefined && ndjsonTypes.test(contentType.trim());
}

/** An array up to this length is parsed in one piece, in bytes: that takes a millisecond or two at most. */
const shortArray = 65_536;

/**
 * Splits a JSON array, or NDJSON with one entry a line, blank lines aside. The entries of NDJSON and of a
 * long array are parsed one by one, with a rest where it is due.
 */
export async function splitBatch(bytes: Buffer, ndjson: boolean, maxEvents: number): Promise<Batch> {
  const entriesOfShort = ndjson || bytes.length > shortArray ? undefined : parseShortArray(bytes, maxEvents);
  if (entriesOfShort !== undefined) return { ok: true, entries: entriesOfShort };
  const texts = ndjson ? lines(bytes, maxEvents) : elements(bytes, maxEvents);
  if (texts === undefined) return invalid('must be valid JSON');
  if (texts === 'no-array') return noArray(bytes);
  if (texts.length > maxEvents) return { ok: false, reason: 'too-many' };
  if (texts.length === 0) return invalid('must hold at least one event');
  const entries: Parsed<unknown>[] = [];
  for (const text of texts) {
    if (pace.due) await pace.rest();
    const entry = parseJson(text);
    // Half an array is no batch, a line that is broken is one bad event.
    if (!ndjson && !entry.ok && entry.malformed)
      return { ok: false, reason: 'invalid', details: entry.details };
    entries.push(entry);
  }
  return { ok: true, entries };
}

/** The entries of a batch that had a public key beside them: in `events`. */
export function keyedBatch({ events }: Record<string, unknown>, maxEvents: number): Batch {
  if (!Array.isArray(events) || events.length === 0) {
    const message = 'must be an array of at least one event';
    return { ok: false, reason: 'invalid', details: [{ field: 'events', message }] };
  }
  if (events.length > maxEvents) return { ok: false, reason: 'too-many' };
  return { ok: true, entries: events.map((value: unknown) => ({ ok: true, value })) };
}

/** The entries of an array; undefined where it is none, or not as it must be: then the long way says why. */
function parseShortArray(bytes: Buffer, maxEvents: number): Parsed<unknown>[] | undefined {
  if (!isUtf8(bytes)) return undefined;
  try {
    const values: unknown = JSON.parse(bytes.toString('utf8'));
    if (!Array.isArray(values) || values.length === 0 || values.length > maxEvents) return undefined;
    return values.map((value: unknown) => ({ ok: true, value }));
  } catch {
    return undefined;
  }
}

/** The lines that are not blank; no more than one too many. */
function lines(bytes: Buffer, maxEvents: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = skipBlanks(bytes, 0); at < bytes.length && found.length <= maxEvents;) {
    const next = bytes.indexOf(newline, at);
    const end = next === -1 ? bytes.length : next;
    found.push(bytes.subarray(at, end));
    at = skipBlanks(bytes, end);
  }
  return found;
}

/** The elements of an array; no more than one too many. Undefined where the text is no JSON. */
export function elements(bytes: Buffer, maxEvents: number): Buffer[] | undefined | 'no-array' {
  let at = skipBlanks(bytes, 0);
  if (bytes[at] !== openBracket) return 'no-array';
  const found: Buffer[] = [];
  at = skipBlanks(bytes, at + 1);
  if (bytes[at] === closeBracket) return skipBlanks(bytes, at + 1) === bytes.length ? found : undefined;
  while (found.length <= maxEvents) {
    const { end } = outlineOf(bytes, at);
    found.push(bytes.subarray(at, end));
    at = skipBlanks(bytes, end);
    if (bytes[at] === closeBracket) return skipBlanks(bytes, at + 1) === bytes.length ? found : undefined;
    if (bytes[at] !== comma) return undefined;
    at = skipBlanks(bytes, at + 1);
  }
  return found;
}

function noArray(bytes: Buffer): Batch {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return { ok: false, reason: 'invalid', details: parsed.details };
  return invalid('must be an array of events, or NDJSON by its Content-Type');
}

function invalid(message: string): Batch {
  return { ok: false, reason: 'invalid', details: [{ field: 'body', message }] };
}
