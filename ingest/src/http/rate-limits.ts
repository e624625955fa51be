// Token buckets: how many events a key and an address may send.
import { LRUCache } from 'lru-cache';

/** What a bucket said. */
export interface Allowance {
  allowed: boolean;
  /** How many tokens a full bucket has, and how many are left in this one. */
  limit: number;
  remaining: number;
  /** In how many seconds it is full again. */
  resetSeconds: number;
  /** When to come back where it was not allowed. */
  retryAfterSeconds: number;
}

/** The `RateLimit-*` headers that say so. */
export function limitHeaders({ limit, remaining, resetSeconds }: Allowance): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  };
}

/** A limit in tokens a second, for each of many senders. */
export interface RateLimit {
  /**
   * Takes tokens of a sender's bucket, or none of them. `paid` of them have been taken before. More than a
   * full bucket may be taken of a full one: what was lent is filled up first, and nothing may be taken until
   * then.
   */
  take: (sender: string, tokens: number, paid?: number) => Allowance;
}

/** How a limit is set. */
export interface RateLimitOptions {
  perSecond: number;
  /** How many seconds' worth may come at once. */
  burstSeconds: number;
  /** How many senders are remembered: who has not sent for longest is forgotten, with a full bucket. */
  maxSenders?: number;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

interface Bucket {
  /** When it is full again. */
  fullAt: number;
}

/** Makes a limit; undefined where there is none (`perSecond` 0). */
export function createRateLimit(options: RateLimitOptions): RateLimit | undefined {
  const { perSecond, burstSeconds, maxSenders = 100_000, now = () => performance.now() } = options;
  if (perSecond === 0) return undefined;
  const size = perSecond * burstSeconds;
  const msPerToken = 1_000 / perSecond;
  const buckets = new LRUCache<string, Bucket>({ max: maxSenders });

  return {
    take(sender, tokens, paid = 0) {
      const time = now();
      const bucket = buckets.get(sender);
      let full = bucket === undefined ? time : Math.max(time, bucket.fullAt);
      const missing = (full - time) / msPerToken - (size - Math.min(tokens, size)) - paid;
      // Times are doubles: a millionth of a token is nothing.
      const allowed = missing < 1e-6;
      if (allowed) {
        full += (tokens - paid) * msPerToken;
        if (bucket === undefined) buckets.set(sender, { fullAt: full });
        else bucket.fullAt = full;
      }
      const used = (full - time) / msPerToken;
      return {
        allowed,
        limit: size,
        remaining: Math.max(0, Math.floor(size - used + 1e-6)),
        resetSeconds: Math.ceil((full - time) / 1_000),
        retryAfterSeconds: Math.max(1, Math.ceil(missing / perSecond)),
      };
    },
  };
}
