// The part of a file's long cases that `npm test` runs: another one each time. `npm run test:all` runs all.
import { randomOf } from './random.ts';

/** Whether all cases run: `npm run test:all` sets TEST_ALL=1. */
export const everyCase: boolean = process.env['TEST_ALL'] === '1';

const runSeed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

/** What {@link sliceOf} goes by; by default the environment. */
export interface SliceOptions {
  everyCase?: boolean;
  seed?: number;
}

/**
 * Returns `count` of the cases, in their order. The seed decides which; it is logged, and SEED makes the same
 * choice again. Returns all cases where `TEST_ALL=1` is set.
 *
 * @example test.each(sliceOf(faults, 2))('%s loses nothing', async (fault) => …);
 */
export function sliceOf<Case>(
  cases: readonly Case[],
  count: number,
  { everyCase: all = everyCase, seed = runSeed }: SliceOptions = {},
): Case[] {
  if (all || count >= cases.length) return [...cases];
  const random = randomOf(seed);
  const drawn = cases.map((_, index) => ({ index, draw: random() })).toSorted((a, b) => a.draw - b.draw);
  const chosen = new Set(drawn.slice(0, count).map(({ index }) => index));
  console.log(`${count} of ${cases.length} cases run: SEED=${seed} chooses them, TEST_ALL=1 runs all`);
  return cases.filter((_, index) => chosen.has(index));
}
