// The members of a JSON object, as the bytes of their values: what is in them is not parsed.
import { outlineOf, skipBlanks } from './json-outline.ts';
import { jsonOf } from './json-values.ts';

const comma = 0x2c;
const colon = 0x3a;
const quote = 0x22;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The most members that are looked at. */
const maxMembers = 64;

/**
 * The members of the object that the text is; of two with one name the last, as `JSON.parse` has it.
 * Undefined where the text is no object, or has more than 64 members. The values' own text may be no JSON.
 *
 * @example membersOf(Buffer.from('{"batch":[1],"sentAt":"x"}'))?.get('batch') // the bytes of [1]
 */
export function membersOf(bytes: Buffer): Map<string, Buffer> | undefined {
  const members = new Map<string, Buffer>();
  let at = skipBlanks(bytes, 0);
  if (bytes[at] !== openBrace) return undefined;
  at = skipBlanks(bytes, at + 1);
  if (bytes[at] === closeBrace) return skipBlanks(bytes, at + 1) === bytes.length ? members : undefined;
  for (let count = 0; count < maxMembers; count++) {
    if (bytes[at] !== quote) return undefined;
    const nameEnd = outlineOf(bytes, at).end;
    const name = nameOf(bytes.subarray(at, nameEnd));
    at = skipBlanks(bytes, nameEnd);
    if (name === undefined || bytes[at] !== colon) return undefined;
    at = skipBlanks(bytes, at + 1);
    const { end } = outlineOf(bytes, at);
    members.set(name, bytes.subarray(at, end));
    at = skipBlanks(bytes, end);
    if (bytes[at] === closeBrace) return skipBlanks(bytes, at + 1) === bytes.length ? members : undefined;
    if (bytes[at] !== comma) return undefined;
    at = skipBlanks(bytes, at + 1);
  }
  return undefined;
}

function nameOf(text: Buffer): string | undefined {
  const name = jsonOf(text.toString('utf8'));
  return typeof name === 'string' ? name : undefined;
}
