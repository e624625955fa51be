// Reads records back from batches that were not committed, so that they can be written again in another way.
import type { SourceRecord } from './record.ts';
import { readBatches } from './read-batches.ts';
import { sealBatch, type RecordBatches } from './record-batches.ts';

const nobody = { producerId: -1n, producerEpoch: -1, transactional: false };

/**
 * Calls back with each record, in the order of its partition; a record's offset counts from 0 in its
 * partition.
 */
export function eachRecord(
  records: RecordBatches,
  take: (topic: string, partition: number, record: SourceRecord) => void,
): void {
  for (const [topic, partitions] of records.topics) {
    for (const [partition, { batches }] of partitions) {
      let first = 0;
      for (const batch of batches) {
        // A copy: a request with the batch may still be on its way.
        const buffer = Buffer.from(batch.buffer.subarray(0, batch.length));
        const bytes = sealBatch({ ...batch, buffer }, nobody, 0, () => 0);
        bytes.writeBigInt64BE(BigInt(first), 0);
        for (const record of readBatches(bytes, first, [], (_, data) => data).records)
          take(topic, partition, record);
        first += batch.count;
      }
    }
  }
}
