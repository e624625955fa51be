// What waits for one partition, in order, and the batch that is being written to it.
import { encodeBatch, type Compression, type EncodedRecord, type ProducerIdentity } from '@activity/kafka';
import type { Verdict } from './produce-verdict.ts';

/** What became of one record. */
export type WriteResult =
  /** In the topic on all in-sync replicas. The offset is unknown where the broker had the batch already. */
  | { kind: 'written'; partition: number; offset: number | undefined }
  | { kind: 'too-large' }
  /** The topic has no partition of the number asked for. */
  | { kind: 'no-partition' }
  | { kind: 'unavailable'; reason: 'deadline' | 'overloaded' | 'closed' };

/** Counts the memory of all that waits. */
export interface Room {
  bytes: number;
  records: number;
}

/**
 * About what a record’s own objects and those of its request take beside its bytes: the old space of an edge
 * with 20,000 that wait.
 */
const objectBytes = 800;

/** One record that waits. Its result is called back exactly once. */
export class Waiting {
  readonly content: EncodedRecord;
  readonly key: string | undefined;
  /** Where it must go; undefined where the key decides. */
  readonly partition: number | undefined;
  readonly deadline: number;
  readonly #room: Room;
  readonly #held: number;
  #onResult: ((result: WriteResult) => void) | undefined;

  constructor(
    { content, key, partition, deadline }: Pick<Waiting, 'content' | 'key' | 'partition' | 'deadline'>,
    room: Room,
    onResult: (result: WriteResult) => void,
  ) {
    this.content = content;
    this.key = key;
    this.partition = partition;
    this.deadline = deadline;
    this.#room = room;
    this.#held = memoryBytes(this.bytes);
    this.#onResult = onResult;
    room.bytes += this.#held;
    room.records++;
  }

  /** The bytes of its content. */
  get bytes(): number {
    return this.content.end - this.content.start;
  }

  /** Whether its request was answered. */
  get settled(): boolean {
    return this.#onResult === undefined;
  }

  /** Calls back the result, the first time. */
  settle(result: WriteResult): void {
    const onResult = this.#onResult;
    if (onResult === undefined) return;
    this.#onResult = undefined;
    this.#room.bytes -= this.#held;
    this.#room.records--;
    onResult(result);
  }
}

/** Offsets that the broker had acknowledged and then gave to other records. */
export interface Loss {
  partition: number;
  /** The first of them, and the one after the last. */
  from: number;
  to: number;
}

/** The memory that a record of this size, in bytes, takes while it waits. */
export function memoryBytes(bytes: number): number {
  return objectBytes + bytes;
}

/** What a lane is made of. */
export interface PartitionLaneOptions {
  partition: number;
  /** In bytes before it is compressed. */
  maxBatchBytes: number;
  compression: Compression | undefined;
  onLoss: (loss: Loss) => void;
}

interface Batch {
  records: Waiting[];
  bytes: Buffer;
}

/**
 * One partition's queue. A batch whose fate is not known is frozen: the same bytes go out again, so that the
 * broker can tell a repeat, until it is answered or the identity changes.
 *
 * ```
 *  waiting ──take──▶ frozen ──written──▶ settled
 *     ▲                │ └───retry───▶ (frozen, sent again)
 *     └─lost, too-large┘
 * ```
 */
export class PartitionLane {
  readonly partition: number;
  readonly #options: PartitionLaneOptions;
  #waiting: Waiting[] = [];
  #frozen: Batch | undefined;
  #sequence = 0;
  /** The offset after the last acknowledged record. */
  #end = 0;
  #maxRecords = Number.MAX_SAFE_INTEGER;

  constructor(options: PartitionLaneOptions) {
    this.partition = options.partition;
    this.#options = options;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Settles what has waited past its deadline; lets go of it unless it is being written. */
  expire(now: number): void {
    this.#waiting = stillWaiting(this.#waiting, now);
    if (this.#frozen !== undefined) stillWaiting(this.#frozen.records, now);
  }

  /** Whether all that is being written has been given up by its requests. */
  get abandoned(): boolean {
    return this.#frozen !== undefined && this.#frozen.records.every((waiting) => waiting.settled);
  }

  /** The bytes to send next, if any. */
  take(identity: ProducerIdentity): Buffer | undefined {
    if (this.#frozen !== undefined) return this.#frozen.bytes;
    const { maxBatchBytes, compression } = this.#options;
    const records: Waiting[] = [];
    let bytes = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      if (!waiting.settled) {
        const size = waiting.bytes;
        if (records.length > 0 && (bytes + size > maxBatchBytes || records.length >= this.#maxRecords)) break;
        bytes += size;
        records.push(waiting);
      }
      taken++;
    }
    this.#waiting.splice(0, taken);
    if (records.length === 0) return undefined;
    const contents = records.map(({ content }) => content);
    const encoded = encodeBatch(contents, identity, this.#sequence, compression);
    this.#frozen = { records, bytes: encoded };
    return encoded;
  }

  /** Takes in what became of the batch that {@link take} gave, and says how many records were written. */
  apply(verdict: Verdict): number {
    const batch = this.#frozen;
    if (batch === undefined) return 0;
    switch (verdict.kind) {
      case 'written':
        this.#frozen = undefined;
        // Sequence numbers wrap after the largest 32-bit integer, as in Kafka's own producer.
        this.#sequence = (this.#sequence + batch.records.length) % 2 ** 31;
        this.#maxRecords = Math.min(this.#maxRecords * 2, Number.MAX_SAFE_INTEGER);
        for (const [index, waiting] of batch.records.entries()) {
          const offset = verdict.baseOffset === undefined ? undefined : verdict.baseOffset + index;
          waiting.settle({ kind: 'written', partition: this.partition, offset });
        }
        if (verdict.baseOffset !== undefined) this.#acknowledged(verdict.baseOffset, batch.records.length);
        return batch.records.length;
      case 'too-large':
        this.#frozen = undefined;
        if (batch.records.length === 1) {
          batch.records[0]?.settle({ kind: 'too-large' });
        } else {
          this.#maxRecords = Math.ceil(batch.records.length / 2);
          this.#waiting.unshift(...batch.records);
        }
        return 0;
      case 'retry':
      case 'lost':
        return 0;
    }
  }

  // A log never becomes shorter, unless a replica without its newest records leads, or it is another log.
  #acknowledged(baseOffset: number, records: number): void {
    if (baseOffset < this.#end)
      this.#options.onLoss({ partition: this.partition, from: baseOffset, to: this.#end });
    this.#end = baseOffset + records;
  }

  /** Begins again under a new identity: what was being written waits again, first. */
  restart(): void {
    if (this.#frozen !== undefined) this.#waiting.unshift(...this.#frozen.records);
    this.#frozen = undefined;
    this.#sequence = 0;
  }
}

/**
 * What still waits at this time (of `performance.now()`); the rest is answered, where it was not yet, that
 * its deadline passed.
 */
export function stillWaiting(records: readonly Waiting[], now: number): Waiting[] {
  return records.filter((waiting) => {
    if (waiting.deadline <= now) waiting.settle({ kind: 'unavailable', reason: 'deadline' });
    return !waiting.settled;
  });
}
