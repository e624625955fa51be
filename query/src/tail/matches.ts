// Whether a log is one that was asked for: what `mongoFilter` says to MongoDB, said to a log that has just
// been stored.
import type { LogFilter } from '../logs/filter.ts';
import type { LogDocument } from '../logs/log-json.ts';
import { isFrom } from '../logs/place.ts';

/** Makes the test of a filter. */
export function matcherOf(filter: LogFilter): (log: LogDocument) => boolean {
  const { userId, activityType, from, to, eventId, session, device, country, ip, bot } = filter;
  const types = activityType && new Set(activityType);
  const isFromPlace = ip === undefined ? undefined : isFrom(ip);
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
      (isFromPlace === undefined || isFromPlace(log)) &&
      (bot === undefined || (log.bot === true) === bot)
    );
  };
}
