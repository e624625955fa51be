// The collector: everything a thread's tasks write between two commits, already in the broker's format.
import { partitionOf, BufferPool, RecordBatches, type TopicLimits } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import { checkRecordSize } from '../api/record-size.ts';
import type { Headers } from '../api/record.ts';
import type { Serialized } from '../api/serde.ts';

/** A record whose topic's partitions are not known yet. */
interface Unplaced {
  topic: string;
  timestamp: number;
  key: Serialized | null;
  value: Serialized | null;
  headers: Headers;
  partition: (partitions: number) => number;
}

const noLimits: TopicLimits = { maxBatchBytes: Number.MAX_SAFE_INTEGER, time: (timestamp) => timestamp };

/** Collects records for one transaction after the other. */
export class Collector {
  readonly #partitions = new Map<string, number>();
  readonly #pool = new BufferPool();
  /** What topics were found to take less of than others do. */
  readonly #limits = new Map<string, TopicLimits>();
  #records = new RecordBatches(this.#pool, this.#limits);
  #unplaced: Unplaced[] = [];
  #unplacedBytes = 0;

  /** Says how many partitions a topic has. */
  know(topic: string, partitions: number): void {
    this.#partitions.set(topic, partitions);
  }

  /** The broker has refused a batch of this size: the topic's next ones are half as large at most. */
  limitBatches(topic: string, refusedBytes: number): void {
    const { time } = this.#limits.get(topic) ?? noLimits;
    this.#limits.set(topic, { maxBatchBytes: Math.floor(refusedBytes / 2), time });
  }

  /**
   * The broker has refused a time: records of the topic carry the time of day instead of a later one, and where that was not
   * enough, all of them. Returns false where nothing is left to try.
   */
  limitTimes(topic: string, now: () => number): boolean {
    const { maxBatchBytes, time } = this.#limits.get(topic) ?? noLimits;
    const [past, future] = [time(0) !== 0, time(Number.MAX_SAFE_INTEGER) !== Number.MAX_SAFE_INTEGER];
    if (past) return false;
    this.#limits.set(topic, {
      maxBatchBytes,
      time: future ? now : (timestamp) => Math.min(timestamp, now()),
    });
    return true;
  }

  /** How much waits for the next commit. */
  get pending(): { count: number; bytes: number } {
    return {
      count: this.#records.count + this.#unplaced.length,
      bytes: this.#records.bytes + this.#unplacedBytes,
    };
  }

  /** Topics whose partitions must be looked up before {@link take}. */
  unknownTopics(): string[] {
    return [...new Set(this.#unplaced.map(({ topic }) => topic))];
  }

  /** Adds a record; the partition is chosen when the topic's count is known. */
  send(
    topic: string,
    key: Serialized | null,
    value: Serialized | null,
    timestamp: number,
    headers: Headers,
    partition: ((partitions: number) => number) | undefined,
    sourcePartition: number,
  ): void {
    if (!(timestamp >= 0 && Number.isSafeInteger(timestamp))) {
      const text = `a record for topic ${topic} has the event time ${timestamp}, not whole epoch milliseconds`;
      throw new FatalError('PRODUCTION_FAILED', text);
    }
    checkRecordSize(topic, key, value, headers);
    const partitions = this.#partitions.get(topic);
    const choose =
      partition ?? ((count: number) => (key === null ? sourcePartition % count : partitionOf(key, count)));
    if (partitions === undefined) {
      this.#unplacedBytes += (key?.length ?? 0) + (value?.length ?? 0) + sizeOf(headers);
      this.#unplaced.push({ topic, timestamp, key, value, headers, partition: choose });
      return;
    }
    this.#place(topic, choose(partitions), partitions, timestamp, key, value, headers);
  }

  /** Where changelog records of a commit are appended. */
  get records(): RecordBatches {
    return this.#records;
  }

  /** Ends the collection: what was collected, to be released once it is committed, and a fresh start. */
  take(): RecordBatches {
    for (const { topic, partition, timestamp, key, value, headers } of this.#unplaced) {
      const partitions = this.#partitions.get(topic);
      if (partitions === undefined) {
        throw new FatalError('TOPIC_UNKNOWN', `topic ${topic} does not exist; create it`);
      }
      this.#place(topic, partition(partitions), partitions, timestamp, key, value, headers);
    }
    const records = this.#records;
    this.#records = new RecordBatches(this.#pool, this.#limits);
    this.#unplaced = [];
    this.#unplacedBytes = 0;
    return records;
  }

  /** Drops what was collected. */
  abort(): void {
    this.#records = new RecordBatches(this.#pool, this.#limits);
    this.#unplaced = [];
    this.#unplacedBytes = 0;
  }

  #place(
    topic: string,
    partition: number,
    partitions: number,
    timestamp: number,
    key: Serialized | null,
    value: Serialized | null,
    headers: Headers,
  ): void {
    if (!(partition >= 0 && partition < partitions && Number.isInteger(partition))) {
      const range = `0 to ${partitions - 1}`;
      throw new FatalError(
        'PRODUCTION_FAILED',
        `partition ${partition} of topic ${topic} is not in ${range}`,
      );
    }
    this.#records.append(topic, partition, timestamp, key, value, headers);
  }
}

function sizeOf(headers: Headers): number {
  return headers.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
}
