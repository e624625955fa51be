// The collector: everything a thread's tasks write between two commits, already in the broker's format.
import {
  BufferPool,
  eachRecord,
  partitionName,
  partitionOf,
  RecordBatches,
  type RefusedRecordsError,
  type TopicLimits,
} from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import { checkRecordSize } from '../api/record-size.ts';
import type { RecordHeaders } from '../api/record.ts';
import type { Serialized } from '../api/serde.ts';

/**
 * Called where a record is refused that was written without an input record. Returns the dead letter to write
 * in its place, if any. Throws where the application is to end.
 */
export type OnRefused = (error: unknown) => OutputRecord | undefined;

/** A record that is to be written, before its partition is known. */
export interface OutputRecord {
  topic: string;
  timestamp: number;
  key: Serialized | null;
  value: Serialized | null;
  headers: RecordHeaders;
  partition: (partitions: number) => number;
  /** Absent where an input record stands for it: then that one fails. */
  onRefused?: OnRefused | undefined;
}

/** By partition, and by place among the commit's records for it: what to call where the record is refused. */
type WithoutInput = Map<string, Map<number, OnRefused>>;

/** What a commit writes. */
export interface CollectedRecords {
  readonly records: RecordBatches;
  /** The records among them that no input record stands for. */
  readonly withoutInput: WithoutInput;
}

const noLimits: TopicLimits = { maxBatchBytes: Number.MAX_SAFE_INTEGER, time: (timestamp) => timestamp };

/** Collects records for one transaction after the other. */
export class Collector {
  readonly #partitions = new Map<string, number>();
  readonly #pool = new BufferPool();
  /** What topics were found to take less of than others do. */
  readonly #limits = new Map<string, TopicLimits>();
  #records = new RecordBatches(this.#pool, this.#limits);
  #withoutInput: WithoutInput = new Map();
  #unplaced: OutputRecord[] = [];
  #unplacedBytes = 0;

  /** Says how many partitions a topic has. */
  know(topic: string, partitions: number): void {
    this.#partitions.set(topic, partitions);
  }

  /** The topics whose partitions are known. */
  get topics(): string[] {
    return [...this.#partitions.keys()];
  }

  /**
   * The broker has refused these records. Returns them as they may be taken: in smaller batches, with other
   * times, or without what no input record stands for, its dead letters in its place. Returns undefined where
   * an input record is to be found that they are refused for.
   */
  rewrite(
    refused: CollectedRecords,
    error: RefusedRecordsError,
    now: () => number,
  ): CollectedRecords | undefined {
    const { topic, partition, ordinals, refusedFor, records, bytes } = error;
    if (refusedFor === 'size' && records > 1) {
      this.#limitBatches(topic, bytes);
      return this.#copy(refused, new Map(), error);
    }
    if (refusedFor === 'time' && this.#limitTimes(topic, now)) return this.#copy(refused, new Map(), error);
    const all = refused.withoutInput.get(partitionName(topic, partition));
    const without = new Map<number, OnRefused>();
    for (const ordinal of ordinals) {
      const onRefused = all?.get(ordinal);
      if (onRefused) without.set(ordinal, onRefused);
    }
    return without.size > 0 ? this.#copy(refused, without, error) : undefined;
  }

  /** The broker has refused a batch of this size: the topic's next ones are half as large at most. */
  #limitBatches(topic: string, refusedBytes: number): void {
    const { time } = this.#limits.get(topic) ?? noLimits;
    this.#limits.set(topic, { maxBatchBytes: Math.floor(refusedBytes / 2), time });
  }

  /**
   * The broker has refused a time: records of the topic carry the time of day instead of a later one, and
   * where that was not enough, all of them. Returns false where nothing is left to try.
   */
  #limitTimes(topic: string, now: () => number): boolean {
    const { maxBatchBytes, time } = this.#limits.get(topic) ?? noLimits;
    const [past, future] = [time(0) !== 0, time(Number.MAX_SAFE_INTEGER) !== Number.MAX_SAFE_INTEGER];
    if (past) return false;
    this.#limits.set(topic, {
      maxBatchBytes,
      time: future ? now : (timestamp) => Math.min(timestamp, now()),
    });
    return true;
  }

  /** Bytes of the records that wait for the next commit. */
  get pendingBytes(): number {
    return this.#records.bytes + this.#unplacedBytes;
  }

  /**
   * Topics whose partitions must be looked up before {@link take}; the one for dead letters where one may be
   * written then.
   */
  unknownTopics(deadLetterTopic?: string): string[] {
    const topics = new Set(this.#unplaced.map(({ topic }) => topic));
    const mayFail = this.#withoutInput.size > 0 || this.#unplaced.some(({ onRefused }) => onRefused);
    if (mayFail && deadLetterTopic !== undefined && !this.#partitions.has(deadLetterTopic))
      topics.add(deadLetterTopic);
    return [...topics];
  }

  /** Adds a record; the partition is chosen when the topic's count is known. See {@link OutputRecord}. */
  send(
    topic: string,
    key: Serialized | null,
    value: Serialized | null,
    timestamp: number,
    headers: RecordHeaders,
    partition: ((partitions: number) => number) | undefined,
    sourcePartition: number,
    onRefused?: OnRefused,
  ): void {
    if (!(timestamp >= 0 && Number.isSafeInteger(timestamp))) {
      const text = `a record for topic ${topic} has the event time ${timestamp}, not whole epoch milliseconds`;
      throw new FatalError('PRODUCTION_FAILED', text);
    }
    checkRecordSize(topic, key, value, headers);
    const partitions = this.#partitions.get(topic);
    if (partitions === undefined) {
      const choose = partition ?? ((count: number) => defaultPartition(key, sourcePartition, count));
      this.#unplacedBytes += (key?.length ?? 0) + (value?.length ?? 0) + sizeOf(headers);
      this.#unplaced.push({ topic, timestamp, key, value, headers, partition: choose, onRefused });
      return;
    }
    const chosen = partition
      ? checkedPartition(topic, partition(partitions), partitions)
      : defaultPartition(key, sourcePartition, partitions);
    if (onRefused) note(this.#withoutInput, this.#records, topic, chosen, onRefused);
    this.#records.append(topic, chosen, timestamp, key, value, headers);
  }

  /** Where changelog records of a commit are appended. */
  get records(): RecordBatches {
    return this.#records;
  }

  /** Ends the collection: what was collected, to be released once it is committed, and a fresh start. */
  take(): CollectedRecords {
    const collected = { records: this.#records, withoutInput: this.#withoutInput };
    for (const record of this.#unplaced) this.#place(collected, record);
    this.abort();
    return collected;
  }

  /** Drops what was collected. */
  abort(): void {
    this.#records = new RecordBatches(this.#pool, this.#limits);
    this.#withoutInput = new Map();
    this.#unplaced = [];
    this.#unplacedBytes = 0;
  }

  #place({ records, withoutInput }: CollectedRecords, record: OutputRecord): void {
    const { topic, timestamp, key, value, headers, onRefused } = record;
    let partition: number;
    try {
      const partitions = this.#partitions.get(topic);
      if (partitions === undefined)
        throw new FatalError('TOPIC_UNKNOWN', `topic ${topic} does not exist; create it`);
      partition = checkedPartition(topic, record.partition(partitions), partitions);
    } catch (error) {
      if (!onRefused) throw error;
      const letter = onRefused(error);
      if (letter) this.#place({ records, withoutInput }, letter);
      return;
    }
    if (onRefused) note(withoutInput, records, topic, partition, onRefused);
    records.append(topic, partition, timestamp, key, value, headers);
  }

  /**
   * Copies records but for some of the partition that the error names, which their dead letters take the
   * place of.
   */
  #copy(
    { records, withoutInput }: CollectedRecords,
    without: ReadonlyMap<number, OnRefused>,
    error: RefusedRecordsError,
  ): CollectedRecords {
    const copied = { records: new RecordBatches(this.#pool, this.#limits), withoutInput: new Map() };
    const letters: OutputRecord[] = [];
    eachRecord(records, (topic, partition, { offset: ordinal, timestamp, key, value, headers }) => {
      const isOfError = topic === error.topic && partition === error.partition;
      const refused = isOfError ? without.get(ordinal) : undefined;
      if (refused) {
        const letter = refused(error);
        if (letter) letters.push(letter);
        return;
      }
      const onRefused = withoutInput.get(partitionName(topic, partition))?.get(ordinal);
      if (onRefused) note(copied.withoutInput, copied.records, topic, partition, onRefused);
      copied.records.append(topic, partition, timestamp, key, value, headers);
    });
    for (const letter of letters) this.#place(copied, letter);
    return copied;
  }
}

/** Notes that no input record stands for the record that is appended next. */
function note(
  withoutInput: WithoutInput,
  records: RecordBatches,
  topic: string,
  partition: number,
  onRefused: OnRefused,
): void {
  const name = partitionName(topic, partition);
  let ofPartition = withoutInput.get(name);
  if (!ofPartition) withoutInput.set(name, (ofPartition = new Map()));
  ofPartition.set(records.partition(topic, partition).count, onRefused);
}

/** By the key, as Kafka's default partitioner has it; without one, where the input record was. */
function defaultPartition(key: Serialized | null, sourcePartition: number, partitions: number): number {
  return key === null ? sourcePartition % partitions : partitionOf(key, partitions);
}

function checkedPartition(topic: string, partition: number, partitions: number): number {
  if (partition >= 0 && partition < partitions && Number.isInteger(partition)) return partition;
  const text = `partition ${partition} of topic ${topic} is not in 0 to ${partitions - 1}`;
  throw new FatalError('PRODUCTION_FAILED', text);
}

function sizeOf(headers: RecordHeaders): number {
  return headers.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
}
