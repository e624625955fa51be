// How fresh an answer is: everything that the edge acknowledged before that moment is in it.
import type { collections, Freshness } from '@activity/contracts';
import type { Collection } from 'mongodb';
import type { Reads } from '../reads/reads.ts';

/** A collection that answers are made of. */
export type Source = keyof typeof collections;

/** How fresh some collections are. */
export interface FreshnessOf {
  /** Everything that was acknowledged before is in all of them; null where that is not known. */
  asOf: Date | null;
  /**
   * Changes with what they hold: what was read after this was returned is complete up to `asOf` while it is
   * returned again.
   */
  version: string | undefined;
  /** How many partitions the topic of each collection has. */
  partitions: ReadonlyMap<Source, number>;
}

/**
 * Says how fresh these collections are. Ask before the collections are read: what is written in between is
 * then too much, not missing.
 */
export type AskFreshness = (...sources: Source[]) => Promise<FreshnessOf>;

/** Makes what says it, from what the supervisor records beside the sink. */
export function createFreshness(reads: Reads, freshness: Collection<Freshness>): AskFreshness {
  return async function freshnessOf(...sources) {
    const found = await reads.find(
      'freshness.find',
      freshness,
      { _id: { $in: sources } },
      { limit: sources.length },
    );
    const times = found.flatMap(({ asOf, catchingUp }) => (catchingUp || !asOf ? [] : asOf.getTime()));
    const partitions = new Map(found.map(({ _id, sink }) => [_id as Source, sink.length]));
    if (times.length < sources.length) return { asOf: null, version: undefined, partitions };
    const version = found
      .map(({ _id, source, sink }) => `${_id} ${source} ${sink.join(',')}`)
      .toSorted()
      .join('; ');
    return { asOf: new Date(Math.min(...times)), version, partitions };
  };
}
