// Retention: when a log is to be removed, by the time of its event and its type.
import type { SharedTypes } from '@activity/catalogue/shared';
import { windowSizes } from '@activity/contracts';

/** How long logs are kept, in days; where nothing is said, for ever. */
export interface RetentionOptions {
  /** Of every type that has no retention of its own. */
  days: number | undefined;
  /** By type; 0: for ever. */
  daysByType: Readonly<Record<string, number>>;
}

/** Returns when a log of a type and an event time expires, in epoch milliseconds; undefined: never. */
export type ExpiryOf = (activityType: string, time: number) => number | undefined;

/** The last time that has an ISO form which every stage reads alike. */
const lastTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Expiry by event time plus retention, at the next full hour: the ledger counts what expires by the hour.
 * What the catalogue says of a type comes first. Undefined where nothing can expire, so that records cost
 * nothing.
 */
export function expiryOf(
  { days, daysByType }: RetentionOptions,
  types?: Pick<SharedTypes, 'get'>,
): ExpiryOf | undefined {
  const byType = new Map(Object.entries(daysByType));
  const isSet = days !== undefined || [...byType.values()].some((own) => own > 0);
  if (!isSet && types === undefined) return undefined;
  const { hour, day } = windowSizes;
  return (activityType, time) => {
    const registered = types?.get(activityType)?.retentionDays;
    const kept = registered ?? (isSet ? (byType.get(activityType) ?? days) : undefined) ?? 0;
    if (kept === 0) return undefined;
    const expiry = Math.ceil((time + kept * day) / hour) * hour;
    return expiry > lastTime ? undefined : expiry;
  };
}
