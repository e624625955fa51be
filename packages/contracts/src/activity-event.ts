// The event: what a client sends and what the raw topic holds.
import { z } from 'zod';
import { fullDateTime } from './iso-time.ts';
import { idText } from './ids.ts';
import { maxTypeNameBytes, typeName, typeNameProblem } from './type-name.ts';

/** The activity types that a deployment knows without a catalogue, unless it configures its own list. */
export const defaultActivityTypes = [
  'LOGIN',
  'LOGOUT',
  'PAGE_VIEW',
  'BUTTON_CLICK',
  'FORM_SUBMIT',
  'API_CALL',
  'ERROR',
  // The calls of Segment's API beside `page` and `track`.
  'IDENTIFY',
  'SCREEN',
  'GROUP',
  'ALIAS',
] as const;

/** The environment variable that lists them: the edge and the processor read it alike. */
export const activityTypeVariables = {
  ACTIVITY_TYPES: z
    .string()
    .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
    .pipe(
      z
        .array(
          z.string().refine((name) => typeNameProblem(name) === undefined, {
            error: ({ input }) => `${JSON.stringify(input)} ${typeNameProblem(input) ?? ''}`,
          }),
        )
        .min(1)
        .max(100),
    )
    .default([...defaultActivityTypes])
    .describe(
      'The event types that are registered without the catalogue, comma-separated; the catalogue adds more while services run',
    ),
  UNKNOWN_TYPES: z
    .enum(['refuse', 'take'])
    .default('refuse')
    .describe(
      'What happens to an event whose type is not registered: `refuse` it, or `take` it; those taken are listed by GET /api/types',
    ),
};

const timestampProblem = 'must be an ISO-8601 date and time with an offset, or epoch milliseconds';
const secondsProblem = 'must be epoch milliseconds: this looks like seconds, send 1000 times as much';
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * The least number that is taken for epoch milliseconds (in 1973): a smaller one is seconds of this century.
 */
const leastEpochMilliseconds = 100_000_000_000;

/**
 * The first year of an event that is believed, unless MIN_EVENT_YEAR is set: before, a client's clock was
 * never set.
 */
export const defaultMinEventYear = 2_000;

/**
 * ISO-8601 with any offset and precision, or epoch milliseconds, as clients write it; normalised to ISO with
 * milliseconds, UTC. Outside 1970–9999 it has no ISO form that every stage reads alike.
 */
function clientTimestamp(minYear: number): z.ZodType<string, string | number> {
  const firstInstant = Date.UTC(minYear, 0);
  const yearProblem = `must be in the years ${minYear} to 9999`;
  return z
    .union(
      [
        z
          .string()
          .transform(fullDateTime)
          .pipe(z.iso.datetime({ offset: true, local: false, error: timestampProblem })),
        z.number().int().min(leastEpochMilliseconds, secondsProblem).max(lastInstant, yearProblem),
      ],
      { error: timestampProblem },
    )
    .transform((value) => new Date(value).getTime())
    .refine((time) => time >= firstInstant && time <= lastInstant, yearProblem)
    .transform((time) => new Date(time).toISOString());
}

// As z.record(z.string(), z.unknown()), which would copy it entry by entry: what is in it is `isStorable`'s
// to judge.
const metadata = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object', additionalProperties: {} });

// A name that is registered is one: only the others are looked at, where the catalogue does not know them.
const activityType = z.string().meta({
  minLength: 1,
  maxLength: maxTypeNameBytes,
  description: 'The name of a registered type: see GET /api/types',
  examples: [...defaultActivityTypes],
});

/**
 * The body of one event as a client sends it, before the edge has stamped it; its timestamp is of `minYear`
 * (UTC) or later. Whether its type is registered, and its metadata as the type wants it, is the catalogue's
 * to say.
 */
export function activityInputOf(minYear: number = defaultMinEventYear): z.ZodObject<{
  userId: z.ZodType<string, string>;
  activityType: z.ZodType<string, string>;
  metadata: z.ZodDefault<z.ZodType<Record<string, unknown>, Record<string, unknown>>>;
  eventId: z.ZodOptional<z.ZodType<string, string>>;
  timestamp: z.ZodOptional<z.ZodType<string, string | number>>;
}> {
  return z.object({
    userId: idText,
    activityType,
    metadata: metadata.default({}),
    eventId: idText.optional(),
    timestamp: clientTimestamp(minYear).optional(),
  });
}

/** The same from the default year on. */
export const activityInput: ActivityInputSchema = activityInputOf();

/**
 * What the edge noted of who sent an event with a public key. Enrichment reads it as `ip` and `userAgent` of
 * the metadata; it is beside them, so that a copy from another network is still the same event.
 */
export const senderSchema = z.object({
  ip: z.string().max(64).optional().describe('The address, truncated unless the edge is set otherwise'),
  userAgent: z.string().max(1_024).optional(),
});
export type Sender = z.output<typeof senderSchema>;

/**
 * One event as the edge accepted it: the value of a raw record. Times are ISO-8601 with milliseconds, UTC.
 */
export const activityEvent = z.object({
  eventId: idText,
  userId: idText,
  activityType: typeName,
  metadata: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime({ precision: 3 }),
  receivedAt: z.iso.datetime({ precision: 3 }),
  timestampGiven: z
    .boolean()
    .optional()
    .describe('Where timestamp equals receivedAt: whether the client sent it; unless it says so, it did not'),
  typeVersion: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe(
      'The edge has found the type in its catalogue, in this version; 0: it was not registered, and taken. Absent: of ACTIVITY_TYPES, or written by others',
    ),
  violations: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      'What the schema of the type, in the mode `warn`, has refused of the metadata: the first few, as `path: reason`',
    ),
  timestampCorrected: z
    .boolean()
    .optional()
    .describe('The edge has taken the error of the client’s clock out of timestamp'),
  sender: senderSchema
    .optional()
    .describe(
      'Who sent it with a public key: part of the stored log’s metadata, and wins over what is there',
    ),
});

/** What {@link activityInputOf} makes. */
export type ActivityInputSchema = ReturnType<typeof activityInputOf>;
/** What a client sends. */
export type ActivityInput = z.output<typeof activityInput>;
/** What the raw topic holds. */
export type ActivityEvent = z.output<typeof activityEvent>;
