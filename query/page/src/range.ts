// The time that a view shows: a span that ends now, or a time between two instants.
// It is part of the address.
import type { Interval } from './data/answers.ts';

/** How a time is chosen. */
export const spans = ['1h', '24h', '7d', '30d', 'custom'] as const;
/** One of {@link spans}. */
export type Span = (typeof spans)[number];

/** The time that a view shows. */
export interface Range {
  span: Span;
  /** ISO-8601 instants, for the span `custom`; `to` may be empty: until now. */
  from: string;
  to: string;
}

/** What a view shows unless the address says otherwise. */
export const usualRange: Range = { span: '24h', from: '', to: '' };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** The length of each span that ends now, in milliseconds. */
export const spanMs: Record<Exclude<Span, 'custom'>, number> = {
  '1h': hourMs,
  '24h': dayMs,
  '7d': 7 * dayMs,
  '30d': 30 * dayMs,
};
/** The length of a bucket, in milliseconds; days may be an hour longer or shorter. */
export const intervalMs: Record<Interval, number> = { minute: minuteMs, hour: hourMs, day: dayMs };

/** The longest times that are shown by the minute and by the hour. */
const longestByMinute = 2 * hourMs;
const longestByHour = 8 * dayMs;

/** A range as the API is asked for it: epoch milliseconds; without `to` it ends now. */
export interface Shown {
  interval: Interval;
  from: number;
  to: number | undefined;
}

/** An instant as an address has it: ISO-8601, or empty where the text is no time. */
export function instantOf(text: string | null): string {
  const at = new Date(text ?? '');
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

/** The range that an address names; undefined where it names none. */
export function rangeOf(query: URLSearchParams): Range | undefined {
  const span = spans.find((one) => one === query.get('range'));
  if (span === undefined) return undefined;
  if (span !== 'custom') return { span, from: '', to: '' };
  const from = instantOf(query.get('from'));
  return from === '' ? undefined : { span, from, to: instantOf(query.get('to')) };
}

/** A range as the parameters of an address. */
export function rangeParameters({ span, from, to }: Range): Record<string, string> {
  return span === 'custom' ? { range: span, from, ...(to !== '' && { to }) } : { range: span };
}

/**
 * What to ask the API for. Spans begin at a whole minute or hour, so that asking again within it is the same
 * question. Buckets are never finer than `finest`.
 */
export function shownOf(range: Range, now: number, finest: Interval = 'minute'): Shown {
  if (range.span === 'custom') {
    const from = Date.parse(range.from);
    const to = range.to === '' ? undefined : Math.max(Date.parse(range.to), from + minuteMs);
    return { interval: coarser(finest, intervalFor((to ?? now) - from)), from, to };
  }
  const length = spanMs[range.span];
  const interval = coarser(finest, intervalFor(length));
  const step = interval === 'minute' ? minuteMs : hourMs;
  return { interval, from: Math.floor((now - length) / step) * step, to: undefined };
}

/**
 * A user's counts of minutes are kept for two days; those of all users are kept for longer than anybody looks
 * at minutes.
 */
const userMinutesMs = 2 * dayMs;

/** The finest buckets of a user that there are for a range. */
export function finestOfUser(range: Range, now: number): Interval {
  return range.span === 'custom' && Date.parse(range.from) < now - userMinutesMs ? 'hour' : 'minute';
}

function intervalFor(length: number): Interval {
  if (length <= longestByMinute) return 'minute';
  return length <= longestByHour ? 'hour' : 'day';
}

function coarser(a: Interval, b: Interval): Interval {
  return intervalMs[a] > intervalMs[b] ? a : b;
}

/** The range of one bucket of a timeline. */
export function bucketRange(start: number, end: number): Range {
  return { span: 'custom', from: new Date(start).toISOString(), to: new Date(end).toISOString() };
}

/** The shortest usual range that an instant is in; for one longer ago, the 30 days up to it. */
export function rangeAround(instant: number, now: number): Range {
  for (const span of ['24h', '7d', '30d'] as const) {
    if (instant > now - spanMs[span]) return { span, from: '', to: '' };
  }
  const end = (Math.floor(instant / dayMs) + 1) * dayMs;
  return bucketRange(end - spanMs['30d'], end);
}

/** An instant as an input for local times has it (`2026-11-23T04:12`). */
export function toLocalInput(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * minuteMs).toISOString().slice(0, 16);
}
