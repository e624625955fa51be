// How long to wait before something is tried again.

/** The first wait and the longest one, in milliseconds. */
export interface BackoffRange {
  from: number;
  to: number;
}

/**
 * The wait after `failures` failures in a row, in milliseconds. It doubles from `from` up to `to`, and up to
 * half of it is taken off at random: clients that lost the same broker would otherwise all come back at the
 * same moment.
 * @example await sleep(backoff(failures, { from: 50, to: 2000 }));
 */
export function backoff(
  failures: number,
  { from, to }: BackoffRange,
  random: () => number = Math.random,
): number {
  const longest = Math.min(to, from * 2 ** Math.max(0, failures - 1));
  return longest * (1 - random() / 2);
}
