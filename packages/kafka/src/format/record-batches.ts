// Record batches: records written straight into one growing buffer a partition, ready for a Produce request.
// Source: the Kafka protocol guide, "Record Batch" (magic 2).
import type { RecordHeaders, Serialized } from './record.ts';
import { BufferPool } from './buffer-pool.ts';
import { compressRecords, type Compressor } from './compression.ts';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts';

/** Bytes of a batch before its first record. */
export const batchHeaderSize = 61;
/** A batch is closed at this size, below the broker's default limit of 1,048,588 bytes. */
export const maxBatchBytes = 900_000;

const noHeaders: RecordHeaders = [];

/**
 * A finished batch without its header: the header is written when the producer's id and sequence are known.
 */
export interface OpenBatch {
  /** The header's room, then the records. */
  buffer: Buffer;
  length: number;
  count: number;
  firstTimestamp: number;
  maxTimestamp: number;
}

/** What a topic takes, where that is less than a topic with default settings does. */
export interface TopicLimits {
  /** Batches are closed at this size. */
  readonly maxBatchBytes: number;
  /** The time that a record with this time may carry. */
  readonly time: (timestamp: number) => number;
}

function sizeOf(data: Serialized | null): number {
  if (data === null) return 0;
  return typeof data === 'string' ? Buffer.byteLength(data) : data.length;
}

/** Up to this length a text is written sooner here than by a call of Buffer's `write`. */
const shortText = 24;

/** Writes what should have this size; false where it has another, so that what was written is not of use. */
function write(buffer: Buffer, position: number, data: Serialized, size: number): boolean {
  if (typeof data !== 'string') {
    buffer.set(data, position);
    return true;
  }
  if (data.length > shortText || data.length !== size) return buffer.write(data, position, 'utf8') === size;
  for (let i = 0; i < size; i++) {
    const code = data.charCodeAt(i);
    if (code > 0x7f) return false;
    buffer[position + i] = code;
  }
  return true;
}

/** The records for one partition: one batch after the other. */
export class PartitionBatches {
  readonly batches: OpenBatch[] = [];
  count = 0;
  readonly #pool: BufferPool;
  readonly #limits: TopicLimits | undefined;
  readonly #maxBytes: number;
  #open: OpenBatch | undefined;

  constructor(pool: BufferPool = new BufferPool(), limits?: TopicLimits) {
    this.#pool = pool;
    this.#limits = limits;
    this.#maxBytes = Math.min(maxBatchBytes, limits?.maxBatchBytes ?? maxBatchBytes);
  }

  /** Appends a record; returns its size in bytes. */
  append(
    timestamp: number,
    key: Serialized | null,
    value: Serialized | null,
    headers: RecordHeaders,
  ): number {
    const time = this.#limits ? this.#limits.time(timestamp) : timestamp;
    // Text is mostly ASCII, a byte a character: to measure it first would take as long as to write it.
    return (
      this.#append(time, key, key?.length ?? 0, value, value?.length ?? 0, headers) ??
      (this.#append(time, key, sizeOf(key), value, sizeOf(value), headers) as number)
    );
  }

  /** Undefined where key or value is not of the size that was said: nothing has been appended then. */
  #append(
    timestamp: number,
    key: Serialized | null,
    keySize: number,
    value: Serialized | null,
    valueSize: number,
    headers: RecordHeaders,
  ): number | undefined {
    let headersSize = 0;
    for (const header of headers) {
      const nameSize = Buffer.byteLength(header.key);
      const size = header.value?.length ?? 0;
      headersSize += sizeOfVarint(nameSize) + nameSize + sizeOfVarint(header.value ? size : -1) + size;
    }
    const batch = this.#batchWithRoom(keySize + valueSize + headersSize + 64, timestamp);
    const timestampDelta = timestamp - batch.firstTimestamp;
    const bodySize =
      1 +
      sizeOfVarlong(timestampDelta) +
      sizeOfVarint(batch.count) +
      sizeOfVarint(key === null ? -1 : keySize) +
      keySize +
      sizeOfVarint(value === null ? -1 : valueSize) +
      valueSize +
      sizeOfVarint(headers.length) +
      headersSize;
    const buffer = batch.buffer;
    const start = batch.length;
    let at = writeVarint(buffer, start, bodySize);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, timestampDelta);
    at = writeVarint(buffer, at, batch.count);
    at = writeVarint(buffer, at, key === null ? -1 : keySize);
    if (key !== null && !write(buffer, at, key, keySize)) return undefined;
    at = writeVarint(buffer, at + keySize, value === null ? -1 : valueSize);
    if (value !== null && !write(buffer, at, value, valueSize)) return undefined;
    at = writeVarint(buffer, at + valueSize, headers.length);
    for (const header of headers) {
      const nameSize = Buffer.byteLength(header.key);
      at = writeVarint(buffer, at, nameSize);
      at += buffer.write(header.key, at);
      at = writeVarint(buffer, at, header.value ? header.value.length : -1);
      if (header.value) {
        buffer.set(header.value, at);
        at += header.value.length;
      }
    }
    this.#appended(batch, at, timestamp);
    return at - start;
  }

  /**
   * Appends a record without headers whose key, and behind it the value,
   * lie in a buffer; no value end: a tombstone.
   */
  appendBytes(
    recordTime: number,
    source: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number | undefined,
  ): number {
    const timestamp = this.#limits ? this.#limits.time(recordTime) : recordTime;
    const keySize = keyEnd - keyStart;
    const valueSize = valueEnd === undefined ? -1 : valueEnd - keyEnd;
    const written = keySize + Math.max(0, valueSize);
    const batch = this.#batchWithRoom(written + 64, timestamp);
    const timestampDelta = timestamp - batch.firstTimestamp;
    const bodySize =
      2 +
      sizeOfVarlong(timestampDelta) +
      sizeOfVarint(batch.count) +
      sizeOfVarint(keySize) +
      sizeOfVarint(valueSize) +
      written;
    const { buffer, length: start } = batch;
    let at = writeVarint(buffer, start, bodySize);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, timestampDelta);
    at = writeVarint(buffer, at, batch.count);
    at = writeVarint(buffer, at, keySize);
    for (let i = keyStart; i < keyEnd; i++) buffer[at++] = source[i] as number;
    at = writeVarint(buffer, at, valueSize);
    if (valueEnd !== undefined) for (let i = keyEnd; i < valueEnd; i++) buffer[at++] = source[i] as number;
    buffer[at++] = 0; // no headers
    this.#appended(batch, at, timestamp);
    return at - start;
  }

  #appended(batch: OpenBatch, end: number, timestamp: number): void {
    batch.length = end;
    batch.count++;
    if (timestamp > batch.maxTimestamp) batch.maxTimestamp = timestamp;
    this.count++;
  }

  #batchWithRoom(size: number, timestamp: number): OpenBatch {
    let batch = this.#open;
    if (batch && batch.length + size > this.#maxBytes && batch.count > 0) batch = undefined;
    if (!batch) {
      batch = {
        buffer: this.#pool.take(batchHeaderSize + size),
        length: batchHeaderSize,
        count: 0,
        firstTimestamp: timestamp,
        maxTimestamp: timestamp,
      };
      this.#open = batch;
      this.batches.push(batch);
    }
    if (batch.length + size > batch.buffer.length) {
      const larger = this.#pool.take(Math.max(batch.buffer.length * 2, batch.length + size));
      batch.buffer.copy(larger, 0, 0, batch.length);
      this.#pool.give(batch.buffer);
      batch.buffer = larger;
    }
    return batch;
  }
}

/** The records of one commit, by topic and partition. */
export class RecordBatches {
  readonly topics: Map<string, Map<number, PartitionBatches>> = new Map();
  bytes = 0;
  count = 0;
  readonly #pool: BufferPool;
  readonly #limits: ReadonlyMap<string, TopicLimits>;

  constructor(pool: BufferPool = new BufferPool(), limits: ReadonlyMap<string, TopicLimits> = new Map()) {
    this.#pool = pool;
    this.#limits = limits;
  }

  /**
   * Gives the buffers back to the pool. Only for records that the broker has taken:
   * nobody may read them any more.
   */
  release(): void {
    for (const partitions of this.topics.values()) {
      for (const { batches } of partitions.values())
        for (const { buffer } of batches) this.#pool.give(buffer);
    }
    this.topics.clear();
  }

  /** The batches of one partition, made on first use. */
  partition(topic: string, partition: number): PartitionBatches {
    let partitions = this.topics.get(topic);
    if (!partitions) this.topics.set(topic, (partitions = new Map()));
    let batches = partitions.get(partition);
    if (!batches) {
      batches = new PartitionBatches(this.#pool, this.#limits.get(topic));
      partitions.set(partition, batches);
    }
    return batches;
  }

  /** Appends a record to a partition. */
  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Serialized | null,
    value: Serialized | null,
    headers: RecordHeaders = noHeaders,
  ): void {
    this.bytes += this.partition(topic, partition).append(timestamp, key, value, headers);
    this.count++;
  }

  /** Appends a record to a partition; see {@link PartitionBatches.appendBytes}. */
  appendBytes(
    topic: string,
    partition: number,
    timestamp: number,
    source: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number | undefined,
  ): void {
    const batches = this.partition(topic, partition);
    this.bytes += batches.appendBytes(timestamp, source, keyStart, keyEnd, valueEnd);
    this.count++;
  }
}

/** Who writes a batch: the identity the broker checks it by. */
export interface BatchProducer {
  producerId: bigint;
  producerEpoch: number;
  transactional: boolean;
}

/** Fills in the header of a batch and returns its bytes: the batch's own, or compressed ones. */
export function sealBatch(
  batch: OpenBatch,
  producer: BatchProducer,
  firstSequence: number,
  crc32c: (bytes: Buffer) => number,
  compressor?: Compressor,
): Buffer {
  return sealRecords(
    batch.buffer.subarray(0, batch.length),
    batch,
    producer,
    firstSequence,
    crc32c,
    compressor,
  );
}

/** Returns a batch of the records that are behind the room for its header; see {@link sealBatch}. */
export function sealRecords(
  plain: Buffer,
  about: Pick<OpenBatch, 'count' | 'firstTimestamp' | 'maxTimestamp'>,
  producer: BatchProducer,
  firstSequence: number,
  crc32c: (bytes: Buffer) => number,
  compressor: Compressor | undefined,
): Buffer {
  const compressed =
    compressor && compressRecords(plain.subarray(batchHeaderSize), compressor, batchHeaderSize);
  const bytes = compressed ?? plain;
  const bits = compressed && compressor ? compressor.bits : 0;
  writeBatchHeader(bytes, about, producer, firstSequence, crc32c, bits);
  return bytes;
}

/** Writes the header of a batch whose records are behind it. */
function writeBatchHeader(
  bytes: Buffer,
  { count, firstTimestamp, maxTimestamp }: Pick<OpenBatch, 'count' | 'firstTimestamp' | 'maxTimestamp'>,
  { producerId, producerEpoch, transactional }: BatchProducer,
  firstSequence: number,
  crc32c: (bytes: Buffer) => number,
  bits: number,
): void {
  bytes.writeBigInt64BE(0n, 0); // base offset: the broker's to give
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(-1, 12); // partition leader epoch
  bytes[16] = 2; // magic
  bytes.writeInt16BE((transactional ? 0x10 : 0) | bits, 21); // attributes: compression, create time
  bytes.writeInt32BE(count - 1, 23);
  bytes.writeBigInt64BE(BigInt(firstTimestamp), 27);
  bytes.writeBigInt64BE(BigInt(maxTimestamp), 35);
  bytes.writeBigInt64BE(producerId, 43);
  bytes.writeInt16BE(producerEpoch, 51);
  bytes.writeInt32BE(firstSequence, 53);
  bytes.writeInt32BE(count, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
}
