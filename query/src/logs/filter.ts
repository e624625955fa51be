// Which logs are asked for: the parameters, and the filter of MongoDB that they become.
import { hash } from 'node:crypto';
import { typeIndexes } from '@activity/contracts';
import type { Filter } from 'mongodb';
import { z } from 'zod';
import { flag, id, logNumber, shortText, time } from '../http/parameters.ts';
import { typesOf, type TypeNames } from '../types/type-names.ts';
import type { LogDocument } from './log-json.ts';
import { canonicalPlace, placeFilter } from './place.ts';

/** Which logs are asked for. */
export interface LogFilter {
  userId?: string | undefined;
  activityType?: string[] | undefined;
  /** Event time, this moment included. */
  from?: Date | undefined;
  /** Event time, this moment excluded. */
  to?: Date | undefined;
  eventId?: string | undefined;
  session?: number | undefined;
  device?: string | undefined;
  country?: string | undefined;
  /** An address, or a network in CIDR form: see `canonicalPlace`. */
  ip?: string | undefined;
  bot?: boolean | undefined;
}

/** The shape of the parameters that filter logs. */
export function filterShape(types: TypeNames): {
  userId: z.ZodOptional<z.ZodType<string, string>>;
  activityType: z.ZodOptional<z.ZodType<string[], string | string[]>>;
  from: z.ZodOptional<z.ZodType<Date, string>>;
  to: z.ZodOptional<z.ZodType<Date, string>>;
  eventId: z.ZodOptional<z.ZodType<string, string>>;
  session: z.ZodOptional<z.ZodType<number, string>>;
  device: z.ZodOptional<z.ZodType<string, string>>;
  country: z.ZodOptional<z.ZodType<string, string>>;
  ip: z.ZodOptional<z.ZodType<string, string>>;
  bot: z.ZodOptional<z.ZodType<boolean, string>>;
} {
  return {
    userId: id().optional().describe('Only this user’s'),
    activityType: typesOf(types)
      .optional()
      .describe('Only of this type; several: repeated, or separated by commas'),
    from: time().optional().describe('Only what happened then or later: ISO-8601, or epoch milliseconds'),
    to: time().optional().describe('Only what happened before'),
    eventId: id().optional().describe('Only with this id'),
    session: logNumber()
      .optional()
      .describe('Only of this session, by its number: the lowest `_id` of its logs'),
    device: shortText(64).optional().describe('Only from this class of device: desktop, mobile, tablet, …'),
    country: z
      .string()
      .regex(/^[A-Za-z]{2}$/, 'must be two letters')
      .transform((text) => text.toUpperCase())
      .optional()
      .describe('Only from this country: two letters of ISO 3166'),
    ip: shortText(64)
      .transform((text) => canonicalPlace(text) ?? '')
      .refine(
        (place) => place !== '',
        'must be an address, or a network like 203.0.112.0/22 or 2001:db8::/32',
      )
      .optional()
      .describe('Only from this address, or from this network in CIDR form, of any length'),
    bot: flag().optional().describe('Only of known robots; or of none'),
  };
}

const epoch = new Date(0);

/**
 * The filter of MongoDB. Every value is compared for equality with what was given, or is a bound of time.
 * Each filter has bounds of time, which delete markers lie outside of.
 */
export function mongoFilter(filter: LogFilter): Filter<LogDocument> {
  const { userId, activityType, from = epoch, to, eventId, session, device, country, ip, bot } = filter;
  const [type, ...moreTypes] = activityType ?? [];
  return {
    ...(userId !== undefined && { userId }),
    ...(type !== undefined && { activityType: moreTypes.length > 0 ? { $in: [type, ...moreTypes] } : type }),
    ...(eventId !== undefined && { eventId }),
    ...(session !== undefined && { session }),
    ...(device !== undefined && { 'client.device': device }),
    ...(country !== undefined && { 'place.country': country }),
    ...(ip !== undefined && placeFilter(ip)),
    ...(bot !== undefined && { bot: bot || { $ne: true } }),
    timestamp: to === undefined ? { $gte: from } : { $gte: from, $lt: to },
  };
}

/** The index to read by, where the filter alone says which. */
export function indexFor(filter: LogFilter): string | undefined {
  const { userId, activityType, eventId, session, device, country, ip, bot } = filter;
  const narrower = [eventId, session, device, country, ip, bot].some((value) => value !== undefined);
  if (activityType === undefined || narrower) return undefined;
  return userId === undefined ? typeIndexes.ofAll : typeIndexes.ofUser;
}

/** A short text that is the same for the same filter: a cursor belongs to one. */
export function filterDigest(filter: object): string {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined);
  return hash('sha256', JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))), 'base64url').slice(
    0,
    10,
  );
}
