// Kafka's log in memory: topics, partitions, offsets, and committed offsets of one group.
import {
  partitionName,
  type CommitResult,
  type CommittedOffset,
  readBatches,
  sealBatch,
  type RecordBatches,
} from '@activity/kafka';
import type { SourceRecord } from '../api/record.ts';

const producer = { producerId: -1n, producerEpoch: -1, transactional: false };

/** Topics that exist only in this process. Records pass through the real batch format. */
export class FakeLog {
  readonly #topics = new Map<string, SourceRecord[][]>();
  readonly #offsets = new Map<string, CommittedOffset>();

  /** Creates a topic, unless it is there. */
  create(topic: string, partitions: number): void {
    if (!this.#topics.has(topic))
      this.#topics.set(
        topic,
        Array.from({ length: partitions }, () => []),
      );
  }

  /** The number of a topic's partitions; undefined where it does not exist. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.length;
  }

  /** All records of a partition. */
  records(topic: string, partition: number): readonly SourceRecord[] {
    return this.#topics.get(topic)?.[partition] ?? [];
  }

  /** Every topic's name. */
  topics(): string[] {
    return [...this.#topics.keys()];
  }

  /** Appends what a transaction wrote, and its offsets, as a broker does when it commits. */
  append(records: RecordBatches, offsets: readonly CommittedOffset[]): CommitResult {
    const ends = new Map<string, number>();
    for (const [topic, partitions] of records.topics) {
      for (const [partition, { batches }] of partitions) {
        const log = this.#topics.get(topic)?.[partition];
        if (!log) throw new Error(`topic ${topic} has no partition ${partition} in the test driver`);
        for (const batch of batches) {
          const bytes = Buffer.from(sealBatch(batch, producer, 0, () => 0));
          bytes.writeBigInt64BE(BigInt(log.length), 0);
          const { records: read } = readBatches(bytes, log.length, [], (_, data) => data);
          log.push(...read);
        }
        ends.set(partitionName(topic, partition), log.length);
      }
    }
    for (const offset of offsets) this.#offsets.set(partitionName(offset.topic, offset.partition), offset);
    return ends;
  }

  /**
   * Lets a partition be read from an offset on, as where the records before it are gone. Takes effect when
   * tasks are opened.
   */
  startAt(topic: string, partition: number, offset: number): void {
    this.#offsets.set(partitionName(topic, partition), { topic, partition, offset, metadata: '' });
  }

  /** Every committed offset. */
  committed(): CommittedOffset[] {
    return [...this.#offsets.values()];
  }
}
