// How far the numbers on the page can be trusted to be of now.
import { duration } from '../text/format.ts';
import type { Pipeline } from './answers.ts';
import type { Resource } from './resource.ts';

/** What is said about it. */
export interface Freshness {
  level: 'waiting' | 'fresh' | 'stale' | 'away';
  text: string;
}

/** The pipeline says once a second, when it is idle at times once a minute, how far it is. */
const oldMs = 90_000;
const oldWhileBusyMs = 30_000;

/** Records that wait anywhere; undefined where nobody knows. */
function waitingRecords(pipeline: Pipeline): number | undefined {
  if (pipeline.processor.lag === null || pipeline.sinks === null) return undefined;
  return pipeline.processor.lag + Math.max(0, ...pipeline.sinks.map(({ lag }) => lag));
}

/** Judges what the pipeline last said. */
export function freshnessOf({ data, error }: Resource<Pipeline>, now: number): Freshness {
  if (error?.kind === 'offline') return { level: 'away', text: 'No connection' };
  if (error) return { level: 'away', text: 'Database away' };
  if (!data) return { level: 'waiting', text: 'Loading' };
  const age = now - Date.parse(data.asOf);
  const waiting = waitingRecords(data);
  if (waiting === undefined) return { level: 'stale', text: 'Freshness not known' };
  if (age > oldMs || (age > oldWhileBusyMs && waiting > 0)) {
    return { level: 'stale', text: `Numbers are ${duration(age)} old` };
  }
  return { level: 'fresh', text: 'Up to date' };
}

/** Whether nothing can be had any more that could be had before: one note says so for the whole page then. */
export function isAway({ data, error }: Resource<Pipeline>): boolean {
  return data !== undefined && error !== undefined;
}
