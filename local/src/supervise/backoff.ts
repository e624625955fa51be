// How long to wait before a part that died is started again.

const first = 500;
const longest = 15_000;

/** The wait before start number `attempt` (from 1) in a row, in milliseconds: 0.5 s, 1 s, 2 s, … 15 s. */
export function backoff(attempt: number): number {
  return Math.min(first * 2 ** (attempt - 1), longest);
}
