// Whether a log is one that was asked for: what `mongoFilter` says to MongoDB, said to a log that has just been stored.
import { parseNetwork } from '@activity/contracts';
import type { LogFilter } from '../logs/filter.ts';
import type { LogDocument } from '../logs/log-json.ts';

/** Makes the test of a filter. */
export function matcherOf(filter: LogFilter): (log: LogDocument) => boolean {
  const { userId, activityType, from, to, eventId, session, device, country, ip, bot } = filter;
  const types = activityType && new Set(activityType);
  return function matches(log) {
    return (
      (userId === undefined || log.userId === userId) &&
      (types === undefined || types.has(log.activityType)) &&
      (from === undefined || log.timestamp >= from) &&
      (to === undefined || log.timestamp < to) &&
      (eventId === undefined || log.eventId === eventId) &&
      (session === undefined || log.session === session) &&
      (device === undefined || log.client?.device === device) &&
      (country === undefined || log.place?.country === country) &&
      (ip === undefined || placeOf(log, ip.includes('/')) === ip) &&
      (bot === undefined || (log.bot === true) === bot)
    );
  };
}

/** A log's network or its address, as a filter has it. */
function placeOf({ address, metadata }: LogDocument, network: boolean): string | undefined {
  const text: unknown = network ? address?.prefix : metadata?.['ip'];
  const found = typeof text === 'string' ? parseNetwork(text) : undefined;
  return found && (network ? `${found.address}/${found.bits}` : found.address);
}
