// How much a thread's stores keep decoded, together.

/** How much all overlays that share it keep decoded. One that finds it exceeded forgets its clean entries. */
export interface CacheBudget {
  readonly max: number;
  /** Of keys and of values as their serdes write them. */
  readonly maxBytes: number;
  used: number;
  usedBytes: number;
}

/** The part of a budget that is one store's, as of the last time it was counted. */
export class CacheShare {
  readonly #budget: CacheBudget;
  #size = 0;
  #bytes = 0;

  constructor(budget: CacheBudget) {
    this.#budget = budget;
  }

  /** Counts what the store keeps now. Returns whether all of them are within the budget. */
  count(size: number, bytes: number): boolean {
    const budget = this.#budget;
    budget.used += size - this.#size;
    budget.usedBytes += bytes - this.#bytes;
    this.#size = size;
    this.#bytes = bytes;
    return budget.used <= budget.max && budget.usedBytes <= budget.maxBytes;
  }
}

/** A budget of which nothing is used. */
export function cacheBudget(max: number, maxBytes: number = Number.POSITIVE_INFINITY): CacheBudget {
  return { max, maxBytes, used: 0, usedBytes: 0 };
}
