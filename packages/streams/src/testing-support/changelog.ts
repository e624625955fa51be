// A changelog in memory, for stores without a task: what they seal is appended as the broker would.
import { readBatches, RecordBatches, sealBatch } from '@activity/kafka';
import type { SourceRecord } from '../api/record.ts';
import type { TaskStore } from '../state/store.ts';

/** The changelog partition that stores under test write to. */
export const changelog: { topic: string; partition: number } = { topic: 'changelog', partition: 0 };

/** What the stores of a test have written to their changelog. */
export class Changelog {
  readonly records: SourceRecord[] = [];

  /** Seals a store and returns what it would send; `append` is the broker taking it. */
  seal(store: TaskStore): () => void {
    const sealed = new RecordBatches();
    store.seal(sealed);
    return () => {
      for (const batch of sealed.topics.get(changelog.topic)?.get(changelog.partition)?.batches ?? []) {
        const producer = { producerId: -1n, producerEpoch: -1, transactional: false };
        const bytes = Buffer.from(sealBatch(batch, producer, 0, () => 0));
        bytes.writeBigInt64BE(BigInt(this.records.length));
        this.records.push(...readBatches(bytes, 0, [], (_, body) => body).records);
      }
    };
  }

  /** A whole commit. */
  commit(store: TaskStore): void {
    this.seal(store)();
    store.commit(this.records.length);
  }

  /** Brings a store up to date. */
  restore(store: TaskStore): void {
    store.restore(this.records.slice(store.position()), this.records.length);
  }
}
