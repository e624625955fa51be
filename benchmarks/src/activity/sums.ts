// What has come of the events, added up: enough to see that none is lost and none is counted twice.

/** How many logs there are, and what the newest windows and the newest users add up to. */
export interface Sums {
  logs: number;
  counts: number;
  users: number;
}

/** Adds up the newest total of each key. */
export function addUp({
  logs,
  counts,
  users,
}: {
  logs: number;
  counts: Iterable<readonly [string, number]>;
  users: Iterable<readonly [string, number]>;
}): Sums {
  const sum = (totals: Iterable<readonly [string, number]>): number =>
    [...new Map(totals).values()].reduce((a, b) => a + b, 0);
  return { logs, counts: sum(counts), users: sum(users) };
}
