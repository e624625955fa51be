// What retention deleted before it was read, as the supervisor has noticed it.
import { collections, lossesId, type Loss, type Losses } from '@activity/contracts';
import type { Collection } from 'mongodb';
import { z } from 'zod';
import type { Reads } from '../reads/reads.ts';

/** All losses that were noticed, the newest last. */
export type AskLosses = () => Promise<readonly Loss[]>;

/** Makes what reads them. */
export function createLosses(reads: Reads, freshness: Collection<Losses>): AskLosses {
  return async function losses() {
    const [found] = await reads.find('freshness.losses', freshness, { _id: lossesId }, { limit: 1 });
    return found?.losses ?? [];
  };
}

/** A loss in answers. */
export const lossSchema: z.ZodObject = z.object({
  topic: z.string(),
  of: z
    .enum(['raw', ...Object.keys(collections)])
    .describe('What its records become: everything, or documents of a collection'),
  partition: z.number().int(),
  from: z.number().int().describe('The first offset'),
  to: z.number().int().describe('The offset after the last one; markers of transactions have offsets too'),
  reader: z.string().describe('The consumer group that had not read them'),
  noticedAt: z.iso.datetime(),
});
