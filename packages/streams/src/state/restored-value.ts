// A changelog record's value as the committed state keeps it.
import type { SourceRecord } from '../kafka/port.ts';
import type { Stored } from './committed-state.ts';

/** The stored form of a changelog record; undefined for a tombstone. The bytes are copied out of the fetch. */
export function restoredValue(
  format: 'text' | 'bytes',
  { value, timestamp }: SourceRecord,
): Stored | undefined {
  if (value === null) return undefined;
  return { data: format === 'text' ? value.toString('utf8') : Buffer.from(value), timestamp };
}
