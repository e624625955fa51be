// Where an input begins that has no committed offset.
import { FatalError } from './errors.ts';
import { milliseconds, type Duration } from './duration.ts';

/**
 * Where a partition of an input is read from that has no committed offset, or whose offset is of another
 * topic of the same name: its earliest record, its end (`latest`), the first record whose timestamp is at
 * most `byDuration` ago (its end where there is none), or nowhere: `none` ends the application with
 * OFFSET_MISSING.
 */
export type OffsetReset = 'earliest' | 'latest' | 'none' | { byDuration: Duration };

/**
 * Checks one that a user has given. @throws FatalError with TOPOLOGY_INVALID, with the remedy.
 */
export function checkOffsetReset(reset: OffsetReset): OffsetReset {
  if (typeof reset === 'object' && reset !== null && 'byDuration' in reset) {
    milliseconds(reset.byDuration);
    return reset;
  }
  if (reset === 'earliest' || reset === 'latest' || reset === 'none') return reset;
  const remedy = `'earliest', 'latest', 'none' or { byDuration: '1h' }`;
  throw new FatalError('TOPOLOGY_INVALID', `offsetReset: ${JSON.stringify(reset)} is none of ${remedy}`);
}
