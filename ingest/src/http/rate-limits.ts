// Token buckets: how many events a key and an address may send.
import { TokenBucket } from 'limiter';
import { LRUCache } from 'lru-cache';

/** What a bucket said. */
export interface Allowance {
  allowed: boolean;
  /** `RateLimit-*` headers, and when to come back where it was not allowed. */
  headers: Record<string, string>;
  retryAfterSeconds: number;
}

/** A limit of so many tokens a second, for each of many senders. */
export interface RateLimit {
  /** Takes tokens of a sender's bucket, or none of them. */
  take: (sender: string, tokens: number) => Allowance;
}

/** How a limit is set. */
export interface RateLimitOptions {
  perSecond: number;
  /** How many seconds' worth may come at once. */
  burstSeconds: number;
  /** How many senders are remembered: who has not sent for longest is forgotten, with a full bucket. */
  maxSenders?: number;
}

/** Makes a limit; undefined where there is none (`perSecond` 0). */
export function createRateLimit(options: RateLimitOptions): RateLimit | undefined {
  const { perSecond, burstSeconds, maxSenders = 100_000 } = options;
  if (perSecond === 0) return undefined;
  const size = perSecond * burstSeconds;
  const buckets = new LRUCache<string, TokenBucket>({ max: maxSenders });

  function bucketOf(sender: string): TokenBucket {
    const known = buckets.get(sender);
    if (known !== undefined) return known;
    const bucket = new TokenBucket({ bucketSize: size, tokensPerInterval: perSecond, interval: 'second' });
    bucket.content = size;
    buckets.set(sender, bucket);
    return bucket;
  }

  return {
    take(sender, tokens) {
      const bucket = bucketOf(sender);
      // More than a full bucket can never be had at once: it costs a full bucket.
      const cost = Math.min(tokens, size);
      const allowed = bucket.tryRemoveTokens(cost);
      const missing = allowed ? 0 : cost - bucket.content;
      return {
        allowed,
        headers: {
          'ratelimit-limit': String(size),
          'ratelimit-remaining': String(Math.max(0, Math.floor(bucket.content))),
          'ratelimit-reset': String(Math.ceil((size - bucket.content) / perSecond)),
        },
        retryAfterSeconds: Math.max(1, Math.ceil(missing / perSecond)),
      };
    },
  };
}
