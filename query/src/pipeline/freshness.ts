// How fresh the answers are: whatever the edge took before that moment is in them.
import type { Collection } from 'mongodb';
import type { LogDocument } from '../logs/log-json.ts';
import type { Reads } from '../reads/reads.ts';

/** What freshness is told by. */
export interface FreshnessOptions {
  reads: Reads;
  logs: Collection<LogDocument>;
  /** The last moment at which nothing was on its way, as far as the pipeline says; undefined where it says nothing. */
  caughtUpAt: () => Promise<Date | undefined>;
  now: () => number;
}

const epoch = new Date(0);
/** An answer is as old as this at most before it is looked up anew, in milliseconds. */
const staleAfterMs = 1_000;
/** One that is older is not given while the new one is looked up. */
const uselessAfterMs = 10_000;

/**
 * Makes what tells it: the later of the moment at which nothing was on its way, and the time at which the edge took the newest log that
 * is stored. The second stands alone while the pipeline cannot be asked.
 */
export function createFreshness({ reads, logs, caughtUpAt, now }: FreshnessOptions): () => Promise<Date> {
  let known = epoch;
  let lookedAt = -Infinity;
  let looking: Promise<Date> | undefined;

  async function newestStored(): Promise<Date> {
    const [log] = await reads.find(
      'logs.newest',
      logs,
      { timestamp: { $gte: epoch } },
      {
        sort: { timestamp: -1, _id: -1 },
        limit: 1,
        projection: { _id: 0, receivedAt: 1, createdAt: 1 },
      },
    );
    return log?.receivedAt ?? log?.createdAt ?? epoch;
  }

  async function look(): Promise<Date> {
    const at = now();
    const [stored, caughtUp = epoch] = await Promise.all([newestStored(), caughtUpAt()]);
    known = new Date(Math.max(known.getTime(), stored.getTime(), caughtUp.getTime()));
    lookedAt = at;
    return known;
  }

  return async function asOf(): Promise<Date> {
    const age = now() - lookedAt;
    if (age < staleAfterMs) return known;
    looking ??= look().finally(() => (looking = undefined));
    if (age >= uselessAfterMs) return looking;
    looking.catch(() => {});
    return known;
  };
}
