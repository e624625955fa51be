// A changelog record's value as the committed state keeps it.
import type { SourceRecord } from '../kafka/port.ts';
import type { Serialized } from '../serde.ts';

/** The stored form of a changelog record's value; undefined for a tombstone. The bytes are copied out of the fetch. */
export function restoredData(format: 'text' | 'bytes', { value }: SourceRecord): Serialized | undefined {
  if (value === null) return undefined;
  return format === 'text' ? value.toString('utf8') : Buffer.from(value);
}
