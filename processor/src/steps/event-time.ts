// The event time: what the client says, but never further ahead of the edge's clock than a client's clock may be.
import type { ActivityEvent } from '@activity/contracts';

/** How far ahead of the time it was received an event may lie, in milliseconds. */
export const maxAheadMs = 5 * 60_000;

/** Epoch milliseconds: one client with a wrong clock must not close everyone's windows. */
export function eventTime({ timestamp, receivedAt }: ActivityEvent): number {
  return Math.min(Date.parse(timestamp), Date.parse(receivedAt) + maxAheadMs);
}
