// Retention: when a log is to be removed, by the time of its event and its type.
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
 * Undefined where nothing ever expires, so that records cost nothing.
 */
export function expiryOf({ days, daysByType }: RetentionOptions): ExpiryOf | undefined {
  const byType = new Map(Object.entries(daysByType));
  if (days === undefined && ![...byType.values()].some((own) => own > 0)) return undefined;
  const { hour, day } = windowSizes;
  return (activityType, time) => {
    const kept = byType.get(activityType) ?? days ?? 0;
    if (kept === 0) return undefined;
    const expiry = Math.ceil((time + kept * day) / hour) * hour;
    return expiry > lastTime ? undefined : expiry;
  };
}
