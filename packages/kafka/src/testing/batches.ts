// Record batches made by hand: what a broker would send, with the producers, markers and compressions that
// tests need.
import type { RecordHeaders } from '../format/record.ts';
import { batchHeaderSize, PartitionBatches, sealBatch } from '../format/record-batches.ts';

/** A record to write. */
export interface TestRecord {
  key: string | Uint8Array | null;
  value: string | Uint8Array | null;
  timestamp: number;
  headers: RecordHeaders;
}

/** How a batch is written. */
export interface BatchOptions {
  baseOffset: number;
  producerId?: number;
  transactional?: boolean;
  /** The attribute bits of a compression, and what compresses. */
  compression?: { bits: number; compress: (bytes: Buffer) => Buffer };
  /** The broker stamps records with this time instead of their own. */
  appendTime?: number;
}

function noChecksum(): number {
  return 0;
}

/** Writes records as whole batches, as a broker stores them. */
export function writeBatches(records: readonly TestRecord[], options: BatchOptions): Buffer {
  const open = new PartitionBatches();
  for (const { key, value, timestamp, headers } of records) open.append(timestamp, key, value, headers);
  let offset = options.baseOffset;
  const producerId = BigInt(options.producerId ?? -1);
  const transactional = options.transactional ?? false;
  return Buffer.concat(
    open.batches.map((batch) => {
      const sealed = sealBatch(batch, { producerId, producerEpoch: 0, transactional }, 0, noChecksum);
      const bytes = finished(sealed, options);
      bytes.writeBigInt64BE(BigInt(offset), 0);
      offset += batch.count;
      return bytes;
    }),
  );
}

function finished(sealed: Buffer, { compression, appendTime }: BatchOptions): Buffer {
  const body = sealed.subarray(batchHeaderSize);
  const bytes = Buffer.concat([
    sealed.subarray(0, batchHeaderSize),
    compression ? compression.compress(Buffer.from(body)) : body,
  ]);
  let attributes = bytes.readInt16BE(21) | (compression?.bits ?? 0);
  if (appendTime !== undefined) {
    attributes |= 0x08;
    bytes.writeBigInt64BE(BigInt(appendTime), 35);
  }
  bytes.writeInt16BE(attributes, 21);
  bytes.writeInt32BE(bytes.length - 12, 8);
  return bytes;
}

/** The end of a transaction in the log: a control batch of one record. */
export function endMarker(type: 'abort' | 'commit', producerId: number, offset: number): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]);
  const value = Buffer.alloc(6);
  const bytes = writeBatches([{ key, value, timestamp: 0, headers: [] }], {
    baseOffset: offset,
    producerId,
    transactional: true,
  });
  bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
  return bytes;
}
