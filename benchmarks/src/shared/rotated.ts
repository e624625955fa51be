// The order of candidates in a round: each is first in turn, so that nobody always comes after the same one.

/** The candidates in the order of round number `round`, from 1. */
export function rotated<Candidate>(candidates: readonly Candidate[], round: number): Candidate[] {
  const first = (round - 1) % Math.max(1, candidates.length);
  return [...candidates.slice(first), ...candidates.slice(0, first)];
}
