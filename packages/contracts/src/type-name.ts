// The names of event types: which texts are one, and how one is written where it becomes a field's name.
import { z } from 'zod';

/** The longest name of a type, in bytes of UTF-8. */
export const maxTypeNameBytes = 128;

/**
 * Control characters, ends of lines, and what formats without being seen. The two joiners stay: words of
 * Persian and Hindi, and many emoji, are written with them.
 */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]|(?![\u200c\u200d])\p{Cf}/u;
/** What is printable and a byte a character, as most names are: nothing else of them has to be looked at. */
const plain = /^[!-~](?:[ -~]{0,126}[!-~])?$/;

/**
 * What is wrong with a text as the name of a type, or undefined: any printable text of 1 to 128 bytes of
 * UTF-8 is one.
 * @example typeNameProblem('Order Completed') // undefined
 */
export function typeNameProblem(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'must be a text';
  if (plain.test(text)) return undefined;
  if (text === '') return 'must not be empty';
  // A character is a byte at least: a long text is not measured.
  if (text.length > maxTypeNameBytes || Buffer.byteLength(text) > maxTypeNameBytes)
    return `must not be longer than ${maxTypeNameBytes} bytes of UTF-8`;
  if (unprintable.test(text)) return 'must be printable: without control characters and ends of lines';
  if (text.trim() !== text) return 'must not begin or end with blanks';
  return undefined;
}

/** The name of a type, as it is. */
export const typeName: z.ZodType<string, string> = z
  .string()
  .refine((text) => typeNameProblem(text) === undefined, {
    error: ({ input }) => typeNameProblem(input) ?? 'must be the name of a type',
  })
  .meta({
    minLength: 1,
    maxLength: maxTypeNameBytes,
    description: `Printable text of at most ${maxTypeNameBytes} bytes of UTF-8`,
  });

/** What has a meaning of its own in a field's name, to MongoDB or here. */
const special = /[%.$]/g;
const mostKnown = 10_000;
const keys = new Map<string, string>();
let lastName = '';
let lastKey = '';

/**
 * A type's name as the name of a field: in `byType` of counts, in topics and in MongoDB. `%`, `.` and `$` are
 * percent-encoded, and the first letter of a name that every JavaScript object has (`constructor`); other
 * names are as they are. {@link typeOfKey} is the way back.
 * @example typeKey('cart.add') // 'cart%2Eadd'
 */
export function typeKey(name: string): string {
  // A log is counted in one window after the other.
  if (name === lastName) return lastKey;
  let key = keys.get(name);
  if (key === undefined) {
    key = name.replace(special, encoded);
    if (key in {}) key = key.replace(/^./, encoded);
    if (keys.size >= mostKnown) keys.clear();
    keys.set(name, key);
  }
  lastName = name;
  return (lastKey = key);
}

function encoded(one: string): string {
  return `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The name that {@link typeKey} has made a field's name of. */
export function typeOfKey(key: string): string {
  return key.includes('%')
    ? key.replace(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : key;
}

/** Counts by type whose fields have the types' names again. The object has no prototype. */
export function namedCounts(counts: Record<string, number>): Record<string, number> {
  const named = Object.create(null) as Record<string, number>;
  for (const [key, count] of Object.entries(counts)) named[typeOfKey(key)] = count;
  return named;
}
