// The kinds of value that query parameters have, as zod types. All of them are made of text, so that no
// operator gets through.
import { fullDateTime, idText } from '@activity/contracts';
import { FailureError } from '@activity/service';
import type { FieldProblem } from '@activity/service';
import { z } from 'zod';

/** Query parameters by name, as zod is given them: text, or a list where a parameter was repeated. */
export type RawParameters = Record<string, string | string[]>;

/** Parameters as zod takes them. An empty one stays: whoever sends `userId=` does not mean everybody. */
export function rawParameters(queries: Record<string, string[]>): RawParameters {
  const given = Object.create(null) as RawParameters;
  for (const [name, values] of Object.entries(queries)) {
    const [only = '', ...more] = values;
    given[name] = more.length > 0 ? values : only;
  }
  return given;
}

/**
 * A problem for each parameter that a route does not have:
 * a misspelt filter must not return everybody's logs.
 */
export function unknownParameters(given: RawParameters, known: readonly string[]): FieldProblem[] {
  const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => ({ field: name, message: `is not a parameter of this route: ${has}` }));
}

/** Refuses a parameter whose value is wrong beside others, or beside what there is. */
export function refused(field: string, message: string): FailureError {
  return new FailureError({ kind: 'validation', details: [{ field, message }] });
}

/** A whole number between 1 and `max`. */
export function wholeNumber(max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(max, `must be at most ${max}`));
}

/** A user's or an event's id. */
export function id(): z.ZodType<string, string> {
  return idText;
}

/** A short text without surrounding blanks. */
export function shortText(max: number): z.ZodType<string, string> {
  return z.string().trim().min(1, 'must not be empty').max(max, `must not be longer than ${max}`);
}

/** The number of a log, or of a session. */
export function logNumber(): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int('must be at most 2^53 - 1'));
}

const timeProblem = 'must be an ISO-8601 date and time with an offset, or epoch milliseconds';
/** Below, a number is epoch seconds of this century rather than milliseconds of 1973 or before. */
const leastMilliseconds = 100_000_000_000;

/** A time: ISO-8601 with an offset, in the years 1970 to 9999, or epoch milliseconds from 1973 on. */
export function time(): z.ZodType<Date, string> {
  return z
    .union(
      [
        z
          .string()
          .transform(fullTime)
          .pipe(z.iso.datetime({ offset: true })),
        z.string().regex(/^\d{1,15}$/),
      ],
      timeProblem,
    )
    .refine(
      (text) => !/^\d+$/.test(text) || Number(text) >= leastMilliseconds,
      'must be epoch milliseconds, not seconds: 1000 times as much',
    )
    .transform((text) => new Date(/^\d+$/.test(text) ? Number(text) : text))
    .refine(
      (date) => date.getTime() >= 0 && date.getTime() < 253_402_300_800_000,
      'must be in the years 1970 to 9999',
    );
}

// In a query a `+` that was not encoded is a blank.
function fullTime(text: string): string {
  return fullDateTime(text.replace(/ (?=\d\d(:?\d\d)?$)/, '+'));
}

/** One or more texts, repeated or separated by commas; `isWhole`: the commas of a text belong to it. */
export function texts(
  isWhole: (text: string) => boolean = () => false,
): z.ZodType<string[], string | string[]> {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [
      ...new Set([given].flat().flatMap((text) => (isWhole(text) ? [text] : text.split(',')))),
    ]);
}

/** One or more of these, repeated or separated by commas. */
export function someOf(values: readonly string[]): z.ZodType<string[], string | string[]> {
  return (
    texts()
      // One of them more than there are is wrong already: a problem for each of thousands takes long to make.
      .transform((some) => some.slice(0, values.length + 1))
      .pipe(
        z.array(
          z.enum(values as [string, ...string[]], { error: () => `must be one of ${values.join(', ')}` }),
        ),
      )
  );
}

/** `true` or `false`. */
export function flag(): z.ZodType<boolean, string> {
  return z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');
}

/** A time zone by its IANA name. */
export function timeZone(): z.ZodType<string, string | undefined> {
  return z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/, 'must be the IANA name of a time zone')
    .refine(isTimeZone, 'is no time zone that is known')
    .default('UTC');
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** A duration like `250ms` or `2s`, in milliseconds. */
export function wait(maxMs: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,6}(ms|s)$/, 'must be like 2s or 500ms')
    .transform((text) => Number.parseInt(text, 10) * (text.endsWith('ms') ? 1 : 1_000))
    .refine((milliseconds) => milliseconds <= maxMs, `must be at most ${maxMs / 1_000}s`);
}
