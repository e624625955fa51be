// Logs that have an end: which readers see, and how many have expired by the ledger.

/**
 * The filter of MongoDB for logs that are neither deleted nor expired at a time. MongoDB removes what has
 * expired up to a minute later.
 * @example logs.find({ userId, ...shownLogs(new Date()) })
 */
export function shownLogs(now: Date): {
  deletedAt: { $exists: false };
  expiresAt: { $not: { $lte: Date } };
} {
  return { deletedAt: { $exists: false }, expiresAt: { $not: { $lte: now } } };
}

/** A time as the topic has it, or as MongoDB has it. */
type Time = string | Date;

/** What a ledger entry notes of logs that expire: see `ledgerEntrySchema`. */
export interface ExpiryEntry {
  partition: number;
  minute?: Time | undefined;
  expired?: number | undefined;
  expires?: Time | undefined;
  expiring?: number | undefined;
  expiriesSince?: Time | undefined;
}

/**
 * How many logs of each partition have expired: those of the sum, and those of the hours that have passed
 * since it was written.
 */
export function expiredIn(entries: readonly ExpiryEntry[], now: Date): Map<number, number> {
  const expired = new Map<number, number>();
  const since = new Map<number, number | undefined>();
  for (const entry of entries) {
    if (entry.minute !== undefined) continue;
    expired.set(entry.partition, entry.expired ?? 0);
    since.set(entry.partition, millisecondsOf(entry.expiriesSince));
  }
  for (const { partition, expires, expiring = 0, expiriesSince } of entries) {
    if (expires === undefined || millisecondsOf(expiriesSince) !== since.get(partition)) continue;
    if (new Date(expires) <= now) expired.set(partition, (expired.get(partition) ?? 0) + expiring);
  }
  return expired;
}

function millisecondsOf(time: Time | undefined): number | undefined {
  return time === undefined ? undefined : new Date(time).getTime();
}
