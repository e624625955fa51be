// The HTTP binding of CloudEvents 1.0.2: the mode of a request, and what its headers hold.
import { isUtf8 } from 'node:buffer';

/** How a request holds events; `unsupported`: in a format that is not taken. */
export type Mode = 'binary' | 'structured' | 'batch' | 'unsupported';

/** The mode that a `Content-Type` says. */
export function modeOf(contentType: string | undefined): Mode {
  const type = mediaTypeOf(contentType);
  if (type === undefined || !type.startsWith('application/cloudevents')) return 'binary';
  if (type === 'application/cloudevents+json') return 'structured';
  return type === 'application/cloudevents-batch+json' ? 'batch' : 'unsupported';
}

/** A media type without its parameters, in lower case; undefined where there is none. */
export function mediaTypeOf(contentType: string | undefined): string | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return type === '' ? undefined : type;
}

const prefix = 'ce-';
const quoted = /^"((?:[^"\\]|\\.)*)"$/s;
const asIs = /^[\x20-\x24\x26-\x7e]*$/;

/**
 * The attributes in the `ce-…` headers of a request, decoded. One that is no percent-encoded UTF-8 is
 * undefined.
 */
export function attributesOf(headers: Record<string, string>): Record<string, string | undefined> {
  const found: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(prefix)) found[name.slice(prefix.length)] = decodeHeader(value);
  }
  return found;
}

/**
 * Decodes a header's value: double quotes around it are taken away with the backslashes inside, then it is
 * percent-decoded once. Bytes that are not ASCII are taken for UTF-8: some senders do not encode them.
 * Undefined where that is not possible.
 *
 * @example decodeHeader('Euro%20%E2%82%AC') // 'Euro €'
 */
export function decodeHeader(value: string): string | undefined {
  const text = quoted.exec(value)?.[1]?.replaceAll(/\\(.)/gs, '$1') ?? value;
  if (asIs.test(text)) return text;
  // Node reads the bytes of headers as Latin-1.
  const bytes = Buffer.from(text, 'latin1');
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === percent) {
      const digits = text.slice(at + 1, at + 3);
      if (!hexDigits.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      at += 2;
    }
    bytes[length++] = byte;
  }
  const decoded = bytes.subarray(0, length);
  return isUtf8(decoded) ? decoded.toString('utf8') : undefined;
}

const percent = 0x25;
const hexDigits = /^[0-9a-f]{2}$/i;
