// How benchmarks show figures and compare those of two candidates.
import { median } from './median.ts';

/** A figure as it is printed: whole, with commas. */
export function shown(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/**
 * The ratios of two candidates round by round, as the machine changes from one to the next. NaN without a
 * pair.
 */
export function pairRatios(of: readonly number[], to: readonly number[]): number[] {
  return of.map((figure, round) => figure / (to[round] ?? Number.NaN));
}

/** The median of these ratios. */
export function medianRatio(of: readonly number[], to: readonly number[]): number {
  return median(pairRatios(of, to));
}
