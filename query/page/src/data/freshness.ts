// How far the numbers on the page can be trusted to be of now.
import { duration } from '../text/format.ts';
import type { Pipeline } from './answers.ts';
import type { Resource } from './resource.ts';

/** What is said about it. */
export interface Freshness {
  level: 'waiting' | 'fresh' | 'stale' | 'away';
  text: string;
}

/**
 * The supervisor records every second or two how far the pipeline is; under a constant load it is some
 * seconds behind.
 */
const oldMs = 30_000;

/** Judges what the pipeline last said. */
export function freshnessOf({ data, error }: Resource<Pipeline>, now: number): Freshness {
  if (error?.kind === 'offline') return { level: 'away', text: 'No connection' };
  if (error) return { level: 'away', text: 'Database away' };
  if (!data) return { level: 'waiting', text: 'Loading' };
  if (data.asOf === null) return { level: 'stale', text: 'Freshness not known' };
  const age = now - Date.parse(data.asOf);
  if (age > oldMs) return { level: 'stale', text: `Numbers are ${duration(age)} old` };
  return { level: 'fresh', text: 'Up to date' };
}

/** Whether nothing can be had any more that could be had before: one note says so for the whole page then. */
export function isAway({ data, error }: Resource<Pipeline>): boolean {
  return data !== undefined && error !== undefined;
}
