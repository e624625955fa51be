// The data of a CloudEvent: from its bytes and their media type to what is stored.
import { isUtf8 } from 'node:buffer';
import type { FieldProblem } from '@activity/service';
import { parseJson, refused } from '../parse-event.ts';
import { mediaTypeOf } from './http-mode.ts';

/** Data as it is stored: a value of JSON, or bytes as base64. */
export type EventData = { kind: 'value'; value: unknown } | { kind: 'bytes'; base64: string };

/** Data that was read, which may be none, or what is wrong with it. */
export type ReadData = { ok: true; data: EventData | undefined } | { ok: false; details: FieldProblem[] };

const json = /^[\w.-]+\/([\w.-]+\+)?json$/;

/**
 * Reads data from bytes: JSON and text by their media types, everything else stays bytes.
 * Without a media type it is JSON.
 */
export function dataOfBytes(bytes: Buffer, contentType: string | undefined): ReadData {
  if (bytes.length === 0) return { ok: true, data: undefined };
  const type = mediaTypeOf(contentType) ?? 'application/json';
  if (json.test(type)) {
    const parsed = parseJson(bytes);
    if (parsed.ok) return { ok: true, data: { kind: 'value', value: parsed.value } };
    const details = parsed.details.map(({ message }) => ({
      field: 'data',
      message: parsed.malformed ? `is ${type} by its content type: ${message}` : message,
    }));
    return { ok: false, details };
  }
  if (type.startsWith('text/') && isUtf8(bytes))
    return { ok: true, data: { kind: 'value', value: bytes.toString('utf8') } };
  return { ok: true, data: { kind: 'bytes', base64: bytes.toString('base64') } };
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads the data of an event in JSON, from its `data` or its `data_base64`. Bytes of a media type are read as
 * that type says, as in the binary mode; without one they stay bytes.
 */
export function dataOfJson(
  { data, data_base64: packed }: Record<string, unknown>,
  contentType: string | undefined,
): ReadData {
  if (packed === undefined || packed === null)
    return { ok: true, data: data === undefined ? undefined : { kind: 'value', value: data } };
  if (data !== undefined && data !== null)
    return refused('data_base64', 'must not be there beside data: send one of the two');
  if (typeof packed !== 'string' || !base64.test(packed)) return refused('data_base64', 'must be base64');
  if (contentType === undefined) return { ok: true, data: { kind: 'bytes', base64: packed } };
  return dataOfBytes(Buffer.from(packed, 'base64'), contentType);
}
