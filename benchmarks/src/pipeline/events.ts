// The events of the pipeline's benchmark: the same at every run, but for their times.
import { activityOf, seedOf, type Activity } from '../shared/activity.ts';

/** An event as it is posted. */
export interface PipelineEvent extends Activity {
  timestamp: string;
}

/** Which events there are. */
export interface EventsOptions {
  count: number;
  users: number;
  /** The time of the first, in epoch milliseconds. */
  start: number;
}

/** Event time from the first to the last, in milliseconds. */
export const spanMs = 30_000;

const userAgents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
] as const;

/**
 * When the events of a run that begins now should start: half of them before the last full minute and half
 * after it, so that every run has as many windows as another, and none of them is in the future.
 */
export function startBefore(now: number): number {
  const half = spanMs / 2;
  return Math.floor((now - half) / 60_000) * 60_000 - half;
}

function uuidOf(seed: Buffer): string {
  return seed.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Event number `index`. */
export function eventOf(index: number, { count, users, start }: EventsOptions): PipelineEvent {
  const seed = seedOf(index);
  const activity = activityOf(index, users, seed);
  const userAgent = userAgents[seed.readUInt8(14) % userAgents.length] ?? '';
  return {
    ...activity,
    eventId: uuidOf(seed),
    metadata: { ...activity.metadata, userAgent },
    timestamp: new Date(start + Math.floor((index * spanMs) / count)).toISOString(),
  };
}
