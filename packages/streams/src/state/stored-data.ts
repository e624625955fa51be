// Values as the committed state keeps them: what a serde wrote, owned by the store.
import type { SourceRecord } from '../api/record.ts';
import type { Serde, Serialized } from '../api/serde.ts';
import type { Stored } from './committed-state.ts';

/** The value of what is stored. */
export function storedValue<V>(serde: Serde<V>, { data }: Stored): V {
  return serde.format === 'text' ? serde.deserialize(data as string) : serde.deserialize(data as Buffer);
}

/**
 * The stored form of a changelog record's value; undefined for a tombstone.
 * The bytes are copied out of the fetch.
 */
export function restoredData(format: 'text' | 'bytes', { value }: SourceRecord): Serialized | undefined {
  if (value === null) return undefined;
  return format === 'text' ? value.toString('utf8') : Buffer.from(value);
}

/**
 * Bytes are copied: whoever wrote them may write to them again, or they may be a part of something larger.
 */
export function owned(data: Serialized): Serialized {
  return typeof data === 'string' ? data : Buffer.from(new Uint8Array(data).buffer);
}
