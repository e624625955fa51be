// Window definitions: how long, how often, and how long late records are still taken.
import { milliseconds, type Duration } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import type { SlidingWindows } from '../operators/sliding-aggregate.ts';
import type { SessionWindows } from '../operators/session-aggregate.ts';
import type { TimeWindows } from '../operators/window-aggregate.ts';

function checked(windows: TimeWindows): TimeWindows {
  const { sizeMs, advanceMs } = windows;
  if (sizeMs < 1)
    throw new FatalError('TOPOLOGY_INVALID', `a window's size must be at least 1 ms, not ${sizeMs}`);
  if (advanceMs < 1 || advanceMs > sizeMs) {
    throw new FatalError('TOPOLOGY_INVALID', `a window must advance by 1 to ${sizeMs} ms, not ${advanceMs}`);
  }
  return windows;
}

/**
 * Windows side by side, `[0, size)`, `[size, 2 * size)`, …, counted from the epoch. A record that is out of
 * order is taken until stream time reaches its window's end plus `grace`.
 * @throws FatalError with TOPOLOGY_INVALID for a size below 1 ms.
 * @example tumbling({ size: '1m', grace: '10m' })
 */
export function tumbling({ size, grace }: { size: Duration; grace: Duration }): TimeWindows {
  const sizeMs = milliseconds(size);
  return checked({ sizeMs, advanceMs: sizeMs, graceMs: milliseconds(grace) });
}

/**
 * Windows that overlap, one beginning every `advance`: a record belongs to `size / advance` of them.
 * @throws FatalError with TOPOLOGY_INVALID for an advance that is not between 1 ms and the size.
 * @example hopping({ size: '5m', advance: '1m', grace: 0 })
 */
export function hopping({
  size,
  advance,
  grace,
}: {
  size: Duration;
  advance: Duration;
  grace: Duration;
}): TimeWindows {
  return checked({
    sizeMs: milliseconds(size),
    advanceMs: milliseconds(advance),
    graceMs: milliseconds(grace),
  });
}

/**
 * Sessions: a key's records whose event times are no further than `gap` apart. A session begins and ends with
 * a record, both included; one that a record joins with another becomes a part of it. A record that is out of
 * order is taken until stream time is more than the gap and `grace` past the end of its session.
 * @throws FatalError with TOPOLOGY_INVALID for a gap that is no duration.
 * @example sessions({ gap: '30m', grace: '5m' })
 */
export function sessions({ gap, grace }: { gap: Duration; grace: Duration }): SessionWindows {
  return { gapMs: milliseconds(gap), graceMs: milliseconds(grace) };
}

/**
 * Windows that end with each record, and windows that begin just after each record: two records of a key are
 * in one window wherever their event times are no further than `timeDifference` apart. Both bounds are
 * included. A record that is out of order is taken until stream time has reached the end of its last window
 * plus `grace`.
 * @throws FatalError with TOPOLOGY_INVALID for a time difference that is no duration.
 * @example sliding({ timeDifference: '5m', grace: '1m' })
 */
export function sliding({
  timeDifference,
  grace,
}: {
  timeDifference: Duration;
  grace: Duration;
}): SlidingWindows {
  return { timeDifferenceMs: milliseconds(timeDifference), graceMs: milliseconds(grace) };
}
