// Kafka's record batch (magic 2), encoded into one buffer.
import { crc32c } from '@platformatic/kafka';

/** One record to write. */
export interface BatchRecord {
  /** Undefined where the record has no key. */
  key: Uint8Array | undefined;
  value: Uint8Array;
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
  let bytes = 32 + (record.key?.length ?? 0) + record.value.length;
  for (const [name, value] of record.headers ?? []) bytes += 10 + 3 * (name.length + value.length);
  return bytes;
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
  let length =
    1 +
    varintLength(timestampDelta) +
    varintLength(offsetDelta) +
    (record.key === undefined ? 1 : varintLength(record.key.length) + record.key.length) +
    varintLength(record.value.length) +
    record.value.length;
  const headers = record.headers ?? [];
  length += varintLength(headers.length);
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name);
    const valueBytes = Buffer.byteLength(value);
    length += varintLength(nameBytes) + nameBytes + varintLength(valueBytes) + valueBytes;
  }
  let at = writeVarint(buffer, start, length);
  buffer[at] = 0; // attributes
  at = writeVarint(buffer, at + 1, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  at = record.key === undefined ? writeVarint(buffer, at, noBytes) : writeBytes(buffer, at, record.key);
  at = writeBytes(buffer, at, record.value);
  at = writeVarint(buffer, at, headers.length);
  for (const [name, value] of headers) {
    at = writeBytes(buffer, at, Buffer.from(name));
    at = writeBytes(buffer, at, Buffer.from(value));
  }
  return at;
}

function writeBytes(buffer: Buffer, start: number, bytes: Uint8Array): number {
  const at = writeVarint(buffer, start, bytes.length);
  buffer.set(bytes, at);
  return at + bytes.length;
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
