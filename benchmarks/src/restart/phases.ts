// What a restart under load was like, from samples of how much was written and how much was committed.

/** How far the processor was at a moment, as the broker says. */
export interface Sample {
  at: number;
  /** Records in the input. */
  written: number;
  /** Of these, what the group has committed. */
  committed: number;
}

/** When what happened, in milliseconds since 1970. */
export interface Moments {
  /** The load had been on for a while, and the processor had caught up with it. */
  steady: number;
  killed: number;
  /** The new process began. */
  began: number;
  /** The new process was ready to process: restored, and with its partitions. */
  running: number;
  /** The new process's first commit of records. */
  firstCommit: number;
  /** The end of what is measured; the load was still on. */
  ended: number;
}

/** Times in milliseconds, rates in records a second. NaN: it did not happen. */
export interface Restart {
  /** From the beginning of the new process to its first commit. */
  commitMs: number;
  /** From the kill to the same. */
  commitAfterKillMs: number;
  /** From the kill until the lag was as small as before. */
  caughtUpMs: number;
  mostLag: number;
  /** From when the new process was ready until it had caught up. */
  catchUpPerSecond: number;
  /** From then on. */
  steadyPerSecond: number;
  /** From the kill to the end. */
  wholePerSecond: number;
  /** Before the kill. */
  beforePerSecond: number;
}

function lagOf({ written, committed }: Sample): number {
  return written - committed;
}

/** The lag that nine of ten samples before the kill do not exceed. NaN where there are none. */
export function usualLag(samples: readonly Sample[], { steady, killed }: Moments): number {
  const lags = samples.filter(({ at }) => at >= steady && at <= killed).map(lagOf);
  return lags.toSorted((a, b) => a - b)[Math.ceil(lags.length * 0.9) - 1] ?? Number.NaN;
}

/** The first sample after the new process's first commit whose lag is as small as before the kill. */
export function caughtUp(samples: readonly Sample[], moments: Moments): Sample | undefined {
  const usual = usualLag(samples, moments);
  return samples.find((sample) => sample.at >= moments.firstCommit && lagOf(sample) <= usual);
}

/** Records a second from the last sample until `from` to the last until `to`. */
function rateBetween(samples: readonly Sample[], from: number, to: number): number {
  const first = samples.findLast(({ at }) => at <= from);
  const last = samples.findLast(({ at }) => at <= to);
  if (first === undefined || last === undefined) return Number.NaN;
  return (last.committed - first.committed) / ((last.at - first.at) / 1_000);
}

/** Makes the figures of a restart. */
export function restartOf(samples: readonly Sample[], moments: Moments): Restart {
  const { steady, killed, began, running, firstCommit, ended } = moments;
  const after = caughtUp(samples, moments)?.at ?? Number.NaN;
  return {
    commitMs: firstCommit - began,
    commitAfterKillMs: firstCommit - killed,
    caughtUpMs: after - killed,
    mostLag: Math.max(...samples.filter(({ at }) => at >= killed && at <= ended).map(lagOf)),
    catchUpPerSecond: rateBetween(samples, Math.min(running, firstCommit), after),
    steadyPerSecond: rateBetween(samples, after, ended),
    wholePerSecond: rateBetween(samples, killed, ended),
    beforePerSecond: rateBetween(samples, steady, killed),
  };
}
