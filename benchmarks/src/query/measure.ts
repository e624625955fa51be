// Timing requests: one after another, or at a fixed rate.
import { setTimeout as sleep } from 'node:timers/promises';

/** How long requests took, in milliseconds. */
export interface Times {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** The value below which `hundredths` hundredths of the values are. */
function percentile(sorted: readonly number[], hundredths: number): number {
  const index = Math.min(sorted.length - 1, Math.ceil((hundredths / 100) * sorted.length) - 1);
  return Math.round((sorted[Math.max(0, index)] ?? Number.NaN) * 100) / 100;
}

/** Sums times up. */
export function timesOf(milliseconds: readonly number[]): Times {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    max: percentile(sorted, 100),
  };
}

/** Gets a URL to its last byte. @throws Error where the answer is not 200. */
export async function timedGet(url: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(url);
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return performance.now() - started;
}

/** Times what is done one after another. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/**
 * Sends GET requests at a fixed rate, however long the responses take. Returns the latency of each in
 * milliseconds, from when it was due.
 */
export async function atRate(urls: () => string, perSecond: number, seconds: number): Promise<number[]> {
  const started = performance.now();
  const answers: Promise<number>[] = [];
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = started + (index * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const late = Math.max(0, performance.now() - due);
    const answer = timedGet(urls()).then((took) => took + late);
    // One that fails is thrown below, where servers are stopped, and does not end the process here.
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return Promise.all(answers);
}
