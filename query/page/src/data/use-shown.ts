// The hook that turns a range of the address into what the API is asked for.
import { shownOf } from '../range.ts';
import type { Range, Shown } from '../range.ts';
import { timeZone } from '../text/format.ts';
import type { Interval } from './answers.ts';
import { useNow } from './use-now.ts';

/** What to ask for now; `now` moves once a minute, and the span with it. */
export function useShown(range: Range, finest: Interval = 'minute'): Shown & { now: number } {
  const now = useNow(60_000);
  return { ...shownOf(range, now, finest), now };
}

/** The path of a timeline. */
export function timelinePath(
  path: string,
  { interval, from, to }: Shown,
  parameters: Record<string, string> = {},
): string {
  const range = { interval, tz: timeZone, from: new Date(from).toISOString() };
  const query = new URLSearchParams({ ...parameters, ...range });
  if (to !== undefined) query.set('to', new Date(to).toISOString());
  return `${path}?${query.toString()}`;
}
