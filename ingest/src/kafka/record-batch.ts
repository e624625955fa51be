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
const crcOffset = 17;
const crcStart = 21;

/** An upper bound of what a record takes in a batch, in bytes. */
export function recordBytes(record: BatchRecord): number {
  let bytes = 32 + 3 * (record.key?.length ?? 0) + Buffer.byteLength(record.value);
  for (const [name, value] of record.headers ?? []) bytes += 10 + 3 * (name.length + value.length);
  return bytes;
}

/** What a record's own objects take beside its text, in bytes: measured with 50,000 small events that wait. */
const objectBytes = 1_000;

/** About what a record takes in memory while it waits: its objects, its text, and its place in the batch that is being written. */
export function memoryBytes(record: BatchRecord): number {
  const { length } = record.value;
  // V8 keeps a text of one byte a character, unless one of them needs two.
  const text = Buffer.byteLength(record.value) === length ? length : 2 * length;
  return objectBytes + text + recordBytes(record);
}

/** Encodes records of one partition; at least one. */
export function encodeRecordBatch(records: readonly BatchRecord[], producer: BatchProducer): Buffer {
  let size = headerLength;
  for (const record of records) size += recordBytes(record);
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
  record: BatchRecord,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const { key, value } = record;
  const keyBytes = key === undefined ? noBytes : Buffer.byteLength(key);
  const valueBytes = Buffer.byteLength(value);
  const headers = record.headers ?? [];
  let length =
    1 +
    varintLength(timestampDelta) +
    varintLength(offsetDelta) +
    varintLength(keyBytes) +
    Math.max(keyBytes, 0) +
    textLength(valueBytes) +
    varintLength(headers.length);
  for (const [name, content] of headers) {
    length += textLength(Buffer.byteLength(name)) + textLength(Buffer.byteLength(content));
  }
  let at = writeVarint(buffer, start, length);
  buffer[at] = 0; // attributes
  at = writeVarint(buffer, at + 1, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  at = key === undefined ? writeVarint(buffer, at, noBytes) : writeText(buffer, at, key, keyBytes);
  at = writeText(buffer, at, value, valueBytes);
  at = writeVarint(buffer, at, headers.length);
  for (const [name, content] of headers) {
    at = writeText(buffer, at, name, Buffer.byteLength(name));
    at = writeText(buffer, at, content, Buffer.byteLength(content));
  }
  return at;
}

function writeText(buffer: Buffer, start: number, text: string, bytes: number): number {
  const at = writeVarint(buffer, start, bytes);
  return at + buffer.write(text, at, bytes, bytes === text.length ? 'latin1' : 'utf8');
}

function textLength(bytes: number): number {
  return varintLength(bytes) + bytes;
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
