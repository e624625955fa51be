// The ids of users and events: which texts are accepted as one.
import { z } from 'zod';

/**
 * The longest user id and event id, in bytes of UTF-8: 256 characters of any script in daily use. Every stage
 * and every store takes a pair of such ids: the longest key that is made of ids has to stay under the 1,900
 * bytes of a store's key.
 */
export const maxIdBytes = 768;

/** The bytes of a text in UTF-8. Only texts that could be too long are measured. */
function isTooLong(text: string): boolean {
  // A character is three bytes at most; one of four is two characters to JavaScript.
  return text.length * 3 > maxIdBytes && Buffer.byteLength(text) > maxIdBytes;
}

/**
 * What is wrong with a text as an id, or undefined. Surrounding blanks are a problem: see {@link idText} for
 * where they are cut off.
 */
export function idProblem(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'must be a text';
  if (text.length === 0) return 'must not be empty';
  if (isTooLong(text)) return lengthProblem(text);
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  if (text.trim() !== text) return 'must not begin or end with blanks';
  return undefined;
}

function lengthProblem(text: string): string {
  return `must not be longer than ${maxIdBytes} bytes of UTF-8, and has ${Buffer.byteLength(text)}`;
}

/** An id as clients send it; surrounding blanks are cut off. */
export const idText: z.ZodType<string, string> = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .refine((text) => !isTooLong(text), { error: ({ input }) => lengthProblem(input as string), abort: true })
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  .meta({ maxLength: maxIdBytes, description: `At most ${maxIdBytes} bytes of UTF-8` });
