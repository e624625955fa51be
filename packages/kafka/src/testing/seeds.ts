// How often a property is tried, and how one failing seed is tried again by itself.
import { assert, type IProperty, type IAsyncProperty, type Parameters as RunOptions } from 'fast-check';

const runs = Number(process.env['STREAMS_SEEDS'] ?? 300);
if (!Number.isSafeInteger(runs) || runs < 1)
  throw new Error('STREAMS_SEEDS must be a whole number of at least 1');
const onlySeed = process.env['STREAMS_SEED'];

/** The number of seeds a property test runs: 300, or STREAMS_SEEDS. */
export const seeds: number = runs;

function firstSeed(): number {
  return onlySeed === undefined ? Date.now() & 0x3fffffff : Number(onlySeed);
}

/**
 * Checks a property with `numRuns` seeds; a failure prints the seed to put into STREAMS_SEED, which is then
 * tried alone. Each run has a seed of its own, so that a failure does not depend on what ran before it.
 */
export function checkProperty<T>(property: IProperty<T>, options: RunOptions<T> = {}): void {
  const count = onlySeed === undefined ? (options.numRuns ?? runs) : 1;
  const first = firstSeed();
  for (let seed = first; seed < first + count; seed++) {
    try {
      assert(property, { ...options, seed, numRuns: 1 });
    } catch (error) {
      throw failed(seed, error);
    }
  }
}

/** {@link checkProperty} for a property that awaits. */
export async function checkAsyncProperty<T>(
  property: IAsyncProperty<T>,
  options: RunOptions<T> = {},
): Promise<void> {
  const count = onlySeed === undefined ? (options.numRuns ?? runs) : 1;
  const first = firstSeed();
  for (let seed = first; seed < first + count; seed++) {
    try {
      await assert(property, { ...options, seed, numRuns: 1 });
    } catch (error) {
      throw failed(seed, error);
    }
  }
}

function failed(seed: number, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Error(`failed with seed ${seed}; STREAMS_SEED=${seed} runs it alone\n${text}`, { cause });
}
