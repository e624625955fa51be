// The windows of joins of two streams: how far apart in event time two records may be.
import { milliseconds, type Duration } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import type { JoinWindows } from '../operators/stream-join.ts';

/** What {@link joinWindows} takes: `within` for both directions, or each by itself. */
export interface JoinWindowsOptions {
  /** The most that two records may be apart, whichever is earlier. */
  within?: Duration;
  /**
   * How much earlier the right record may be; a negative number of milliseconds: how much later it must be.
   */
  before?: Duration;
  /**
   * How much later the right record may be; a negative number of milliseconds: how much earlier it must be.
   */
  after?: Duration;
  /** How long after its window has ended a record still finds those of the other side. */
  grace: Duration;
}

function signed(name: string, duration: Duration | undefined): number {
  if (duration === undefined)
    throw new FatalError(
      'TOPOLOGY_INVALID',
      `a join's windows need ${name}: pass { within } or { before, after }`,
    );
  return typeof duration === 'number' && duration < 0 ? -milliseconds(-duration) : milliseconds(duration);
}

/**
 * How far apart records of two streams may be that are joined. A left record at time t is joined with the
 * right ones from `t - before` to `t + after`. Out of order records are joined until the time that a stream
 * has reached is `before + after + grace` ahead of them.
 * @throws FatalError with TOPOLOGY_INVALID where one bound is missing, or the window would end before it
 * begins.
 * @example joinWindows({ within: '5m', grace: '1m' })
 * @example joinWindows({ before: 0, after: '1h', grace: '10m' })
 */
export function joinWindows({
  within,
  before = within,
  after = within,
  grace,
}: JoinWindowsOptions): JoinWindows {
  const windows = {
    beforeMs: signed('before', before),
    afterMs: signed('after', after),
    graceMs: milliseconds(grace),
  };
  if (windows.beforeMs + windows.afterMs < 0) {
    throw new FatalError(
      'TOPOLOGY_INVALID',
      `a join's window ends before it begins: before (${windows.beforeMs} ms) and after (${windows.afterMs} ms) ` +
        'must not be negative together',
    );
  }
  return windows;
}
