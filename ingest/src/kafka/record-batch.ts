// Kafka's record batch (magic 2), encoded into one buffer.
import { crc32c } from '@platformatic/kafka';

/** One record to write. Its text is encoded where it is written, once, as UTF-8. */
export interface BatchRecord {
  /** Undefined where the record has no key. */
  key: string | undefined;
  value: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  headers?: readonly (readonly [string, string])[];
}

/** Who writes the batch, so that the broker knows a repeated one. */
export interface BatchProducer {
  producerId: bigint;
  producerEpoch: number;
  baseSequence: number;
}

/** The length of a key that is not there. */
const noBytes = -1;
const headerLength = 61;
/** What a batch puts before a record's content, at the most: its length, attributes, and two differences. */
const mostFrameBytes = 16;
const crcOffset = 17;
const crcStart = 21;

/** An upper bound of the bytes that a record takes in a batch. */
export function recordBytes(record: BatchRecord): number {
  let bytes = 32 + 3 * (record.key?.length ?? 0) + Buffer.byteLength(record.value);
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
  encode(record: BatchRecord, most: number): EncodedRecord {
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
export function encodeRecordBatch(records: readonly EncodedRecord[], producer: BatchProducer): Buffer {
  let size = headerLength;
  for (const { start, end } of records) size += mostFrameBytes + end - start;
  const buffer = Buffer.allocUnsafe(size);
  const first = records[0]?.timestamp ?? 0;
  let last = first;
  let position = headerLength;
  for (const [index, record] of records.entries()) {
    if (record.timestamp > last) last = record.timestamp;
    position = writeRecord(buffer, position, record, index, record.timestamp - first);
  }
  buffer.writeBigInt64BE(0n, 0); // base offset: the broker's to give
  buffer.writeInt32BE(position - 12, 8);
  buffer.writeInt32BE(-1, 12); // partition leader epoch
  buffer.writeInt8(2, 16);
  buffer.writeInt16BE(0, 21); // attributes: not compressed, create time
  buffer.writeInt32BE(records.length - 1, 23);
  buffer.writeBigInt64BE(BigInt(first), 27);
  buffer.writeBigInt64BE(BigInt(last), 35);
  buffer.writeBigInt64BE(producer.producerId, 43);
  buffer.writeInt16BE(producer.producerEpoch, 51);
  buffer.writeInt32BE(producer.baseSequence, 53);
  buffer.writeInt32BE(records.length, 57);
  const batch = buffer.subarray(0, position);
  buffer.writeUInt32BE(crc32c(batch.subarray(crcStart)), crcOffset);
  return batch;
}

function writeRecord(
  buffer: Buffer,
  start: number,
  { slab, start: from, end }: EncodedRecord,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const length = 1 + varintLength(timestampDelta) + varintLength(offsetDelta) + end - from;
  let at = writeVarint(buffer, start, length);
  buffer[at] = 0; // attributes
  at = writeVarint(buffer, at + 1, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  return at + slab.copy(buffer, at, from, end);
}

/** Writes a record's key, value and headers. */
function writeContent(buffer: Buffer, start: number, { key, value, headers = [] }: BatchRecord): number {
  let at = key === undefined ? writeVarint(buffer, start, noBytes) : writeText(buffer, start, key);
  at = writeText(buffer, at, value);
  at = writeVarint(buffer, at, headers.length);
  for (const [name, content] of headers) at = writeText(buffer, writeText(buffer, at, name), content);
  return at;
}

function writeText(buffer: Buffer, start: number, text: string): number {
  const bytes = Buffer.byteLength(text);
  const at = writeVarint(buffer, start, bytes);
  return at + buffer.write(text, at, bytes, bytes === text.length ? 'latin1' : 'utf8');
}

// Zigzag varints of 32 bits: a batch spans far less time and space than that.
function writeVarint(buffer: Buffer, start: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = start;
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at] = rest;
  return at + 1;
}

function varintLength(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let length = 1;
  while (rest > 0x7f) {
    rest >>>= 7;
    length++;
  }
  return length;
}
