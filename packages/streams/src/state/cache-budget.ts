// How much a thread's stores keep decoded, together.

/** How much all overlays that share it keep decoded. One that finds it exceeded forgets its clean entries. */
export interface CacheBudget {
  readonly max: number;
  /** Of keys and of values as their serdes write them. */
  readonly maxBytes: number;
  used: number;
  usedBytes: number;
}

/** A budget of which nothing is used. */
export function cacheBudget(max: number, maxBytes: number = Number.POSITIVE_INFINITY): CacheBudget {
  return { max, maxBytes, used: 0, usedBytes: 0 };
}
