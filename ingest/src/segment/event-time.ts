// The time of an event that comes by Segment's API, with the error of the client's clock taken out.
import { z } from 'zod';
import { fullDateTime } from '@activity/contracts';

/** An event's time, as the edge takes it. */
export interface SegmentTime {
  /** What the client sent, or the corrected time in epoch milliseconds; undefined where it sent none. */
  timestamp: unknown;
  /** The client's clock was wrong, so the time is not what the client sent. */
  corrected: boolean;
}

/**
 * How long a request may be on its way, in milliseconds: the edge lets no request take longer. An older
 * `sentAt` is taken for the error of a clock.
 */
const onItsWayMs = 30_000;
/** How far ahead a clock may be, in milliseconds, before its error is taken out: no request explains it. */
const aheadMs = 5_000;

const dateTime = z.iso.datetime({ offset: true, local: false });

/**
 * Corrects a time by `receivedAt - sentAt`, as Segment does, where a clock must be wrong. A time or a
 * `sentAt` that cannot be read is returned as it is: the check of the event names what is wrong with it.
 *
 * @example
 * // The client's clock is an hour ahead.
 * segmentTime('2026-01-02T04:00:00Z', '2026-01-02T04:00:01Z', Date.parse('2026-01-02T03:00:01Z'))
 * // { timestamp: Date.parse('2026-01-02T03:00:00Z'), corrected: true }
 */
export function segmentTime(timestamp: unknown, sentAt: unknown, receivedAt: number): SegmentTime {
  if (timestamp === undefined || timestamp === null || timestamp === '')
    return { timestamp: undefined, corrected: false };
  const skew = receivedAt - instantOf(sentAt);
  const time = instantOf(timestamp);
  const corrected = (skew > onItsWayMs || skew < -aheadMs) && !Number.isNaN(time);
  return corrected ? { timestamp: time + skew, corrected } : { timestamp, corrected };
}

/** Epoch milliseconds; NaN for what is no time. */
function instantOf(value: unknown): number {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : Number.NaN;
  if (typeof value !== 'string') return Number.NaN;
  const text = fullDateTime(value);
  return dateTime.safeParse(text).success ? Date.parse(text) : Number.NaN;
}
