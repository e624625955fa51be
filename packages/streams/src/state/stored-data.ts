// Values as the committed state keeps them: what a serde wrote, owned by the store.
import type { SourceRecord } from '../api/record.ts';
import type { Serde, Serialized } from '../api/serde.ts';
import type { Stored } from './committed-state.ts';

/** Data with a time, as one value: text as `<time>,<text>`; bytes as eight bytes of time and the data. */
export function writeTimed(time: number, data: Serialized): string | Buffer {
  if (typeof data === 'string') return `${time},${data}`;
  const bytes = Buffer.allocUnsafe(8 + data.length);
  bytes.writeBigInt64BE(BigInt(time));
  bytes.set(data, 8);
  return bytes;
}

/** Reads what {@link writeTimed} wrote. Bytes are a part of those given. */
export function readTimed(written: string | Buffer): { time: number; data: string | Buffer } {
  if (typeof written === 'string') {
    const comma = written.indexOf(',');
    return { time: Number(written.slice(0, comma)), data: written.slice(comma + 1) };
  }
  return { time: Number(written.readBigInt64BE()), data: written.subarray(8) };
}

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
