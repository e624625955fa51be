// A record as it is in Kafka, and how its keys and values are read.
import { isUtf8 } from 'node:buffer';

/** A record header: a name and bytes. */
export interface Header {
  key: string;
  value: Uint8Array | null;
}

/** A record's headers in order; names may repeat. */
export type RecordHeaders = readonly Header[];

/** A record of Kafka. Offsets fit a safe integer; timestamps are epoch milliseconds. */
export interface SourceRecord {
  offset: number;
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: RecordHeaders;
}

/** A key or value as it is written: text as UTF-8, or bytes. */
export type Serialized = string | Uint8Array;

/** Reads a key or value. `deserialize` throws where the text or the bytes have no value. */
export type Decoder<T> =
  | { readonly format: 'text'; deserialize(text: string): T }
  | { readonly format: 'bytes'; deserialize(bytes: Buffer): T };

/** Reads bytes; text that is not UTF-8 is an error, never replaced in silence. */
export function deserialize<T>(decoder: Decoder<T>, bytes: Buffer): T {
  if (decoder.format === 'bytes') return decoder.deserialize(bytes);
  if (!isUtf8(bytes)) throw new TypeError('not valid UTF-8');
  return decoder.deserialize(bytes.toString('utf8'));
}
