// The second encoder of record batches, for records that wait: each is encoded once, when it comes, and
// copied into its batch when that is sent. The first, in record-batches.ts, writes records straight into open
// batches.
import { sizeOfVarint, writeVarint } from './varint.ts';
import type { Compressor } from './compression.ts';
import { batchHeaderSize, sealRecords, type BatchProducer } from './record-batches.ts';

/** One record to write. Its text is encoded where it is written, once, as UTF-8. */
export interface TextRecord {
  /** Undefined where the record has no key. */
  key: string | undefined;
  value: string;
  /** The bytes of `value` in UTF-8, where they were counted already. */
  valueBytes?: number;
  /** Milliseconds since the epoch. */
  timestamp: number;
  headers?: readonly (readonly [string, string])[];
}

/** The length of a key that is not there. */
const noBytes = -1;
/** What a batch puts before a record's content, at the most: its length, attributes, and two differences. */
const mostFrameBytes = 16;

/** An upper bound of the bytes that a record takes in a batch. */
export function recordBytes(record: TextRecord): number {
  const ofValue = record.valueBytes ?? Buffer.byteLength(record.value);
  let bytes = 32 + 3 * (record.key?.length ?? 0) + ofValue;
  for (const [name, value] of record.headers ?? []) bytes += 10 + 3 * (name.length + value.length);
  return bytes;
}

/**
 * The part of a record that does not depend on its batch, encoded: it is outside V8's heap while it waits.
 */
export interface EncodedRecord {
  readonly slab: Buffer;
  readonly start: number;
  readonly end: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** One allocation for many records; a larger record has one of its own. */
const slabBytes = 65_536;

/** Encodes records one after the other into slabs. A slab lives as long as one of its records. */
export class RecordSlabs {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  /** `most` is the record's {@link recordBytes}. */
  encode(record: TextRecord, most: number): EncodedRecord {
    const { timestamp } = record;
    if (most > slabBytes / 4) {
      const slab = Buffer.allocUnsafeSlow(most);
      return { slab, start: 0, end: writeContent(slab, 0, record), timestamp };
    }
    if (this.#used + most > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = writeContent(this.#slab, start, record);
    return { slab: this.#slab, start, end: this.#used, timestamp };
  }
}

/** Encodes records of one partition; at least one. */
export function encodeRecordBatch(
  records: readonly EncodedRecord[],
  producer: BatchProducer,
  firstSequence: number,
  crc32c: (bytes: Buffer) => number,
  compressor?: Compressor,
): Buffer {
  let size = batchHeaderSize;
  for (const { start, end } of records) size += mostFrameBytes + end - start;
  const buffer = Buffer.allocUnsafe(size);
  const firstTimestamp = records[0]?.timestamp ?? 0;
  let maxTimestamp = firstTimestamp;
  let position = batchHeaderSize;
  for (const [index, record] of records.entries()) {
    if (record.timestamp > maxTimestamp) maxTimestamp = record.timestamp;
    position = writeRecord(buffer, position, record, index, record.timestamp - firstTimestamp);
  }
  const about = { count: records.length, firstTimestamp, maxTimestamp };
  return sealRecords(buffer.subarray(0, position), about, producer, firstSequence, crc32c, compressor);
}

function writeRecord(
  buffer: Buffer,
  start: number,
  { slab, start: from, end }: EncodedRecord,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const length = 1 + sizeOfVarint(timestampDelta) + sizeOfVarint(offsetDelta) + end - from;
  let at = writeVarint(buffer, start, length);
  buffer[at] = 0; // attributes
  at = writeVarint(buffer, at + 1, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  return at + slab.copy(buffer, at, from, end);
}

/** Writes a record's key, value and headers. */
function writeContent(
  buffer: Buffer,
  start: number,
  { key, value, valueBytes, headers = [] }: TextRecord,
): number {
  let at = key === undefined ? writeVarint(buffer, start, noBytes) : writeText(buffer, start, key);
  at = writeText(buffer, at, value, valueBytes);
  at = writeVarint(buffer, at, headers.length);
  for (const [name, content] of headers) at = writeText(buffer, writeText(buffer, at, name), content);
  return at;
}

function writeText(
  buffer: Buffer,
  start: number,
  text: string,
  bytes: number = Buffer.byteLength(text),
): number {
  const at = writeVarint(buffer, start, bytes);
  return at + buffer.write(text, at, bytes, bytes === text.length ? 'latin1' : 'utf8');
}
