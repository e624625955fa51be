// A record inside the bytes of a fetch: keys and values become text or
// buffers only when somebody looks at them.
import { isUtf8 } from 'node:buffer';
import { deserialize, type Decoder, type RecordHeaders, type SourceRecord } from './record.ts';

/** A {@link SourceRecord} that is read from the bytes of a fetch. A start of -1 stands for null. */
export class FetchedRecord implements SourceRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly headers: RecordHeaders;
  readonly #bytes: Buffer;
  readonly #keyStart: number;
  readonly #keyEnd: number;
  readonly #valueStart: number;
  readonly #valueEnd: number;

  constructor(
    offset: number,
    timestamp: number,
    headers: RecordHeaders,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ) {
    this.offset = offset;
    this.timestamp = timestamp;
    this.headers = headers;
    this.#bytes = bytes;
    this.#keyStart = keyStart;
    this.#keyEnd = keyEnd;
    this.#valueStart = valueStart;
    this.#valueEnd = valueEnd;
  }

  get key(): Buffer | null {
    return this.#keyStart < 0 ? null : this.#bytes.subarray(this.#keyStart, this.#keyEnd);
  }

  get value(): Buffer | null {
    return this.#valueStart < 0 ? null : this.#bytes.subarray(this.#valueStart, this.#valueEnd);
  }

  /** How many bytes key and value have together. */
  get dataBytes(): number {
    const ofKey = this.#keyStart < 0 ? 0 : this.#keyEnd - this.#keyStart;
    return ofKey + (this.#valueStart < 0 ? 0 : this.#valueEnd - this.#valueStart);
  }

  /** The key as its serde reads it; undefined for null. */
  readKey<T>(serde: Decoder<T>): T | undefined {
    return this.#keyStart < 0 ? undefined : this.#read(serde, this.#keyStart, this.#keyEnd);
  }

  /** The value as its serde reads it; undefined for null. */
  readValue<T>(serde: Decoder<T>): T | undefined {
    return this.#valueStart < 0 ? undefined : this.#read(serde, this.#valueStart, this.#valueEnd);
  }

  #read<T>(serde: Decoder<T>, start: number, end: number): T {
    if (serde.format === 'bytes') return serde.deserialize(this.#bytes.subarray(start, end));
    const text = this.#bytes.toString('utf8', start, end);
    // The replacement character may have been sent as such; only then are the bytes themselves looked at.
    if (text.includes('\uFFFD') && !isUtf8(this.#bytes.subarray(start, end)))
      throw new TypeError('not valid UTF-8');
    return serde.deserialize(text);
  }
}

/** A record's key as its serde reads it; undefined for null. */
export function readKey<T>(serde: Decoder<T>, record: SourceRecord): T | undefined {
  if (record instanceof FetchedRecord) return record.readKey(serde);
  return record.key === null ? undefined : deserialize(serde, record.key);
}

/** A record's value as its serde reads it; undefined for null. */
export function readValue<T>(serde: Decoder<T>, record: SourceRecord): T | undefined {
  if (record instanceof FetchedRecord) return record.readValue(serde);
  return record.value === null ? undefined : deserialize(serde, record.value);
}

/** How many bytes a record's key and value have together. */
export function dataBytesOf(record: SourceRecord): number {
  if (record instanceof FetchedRecord) return record.dataBytes;
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
