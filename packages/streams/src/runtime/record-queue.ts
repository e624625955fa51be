// The records of one input partition that wait to be processed, oldest first.
import { dataBytesOf, type EpochStart } from '@activity/kafka';
import type { SourceRecord } from '../api/record.ts';

/** A queue of fetched records with the event time of its head, worked out only when asked for. */
export class RecordQueue {
  readonly topic: string;
  readonly partition: number;
  /** The topic's id, where it is known. */
  topicId: string | undefined;
  /** The highest event time processed from this partition; -1 before the first. */
  partitionTime = -1;
  /** The highest timestamp in Kafka of a record processed from this partition; -1 before the first. */
  arrivalTime = -1;
  /** The next offset to process: what is committed. */
  position: number;
  /** Whether `position` has moved since the last commit. */
  moved = false;
  /** About how many bytes the records have that were processed since the last commit. */
  processedBytes = 0;
  /**
   * How many records the broker had behind those that were fetched last; undefined before the first fetch.
   */
  unfetched: number | undefined;
  /** When that was, in epoch milliseconds. */
  fetchedAt: number | undefined;
  /** What was fetched, fetch by fetch: `#head` is the next record of the first. */
  #records: SourceRecord[] = [];
  #later: SourceRecord[][] = [];
  #head = 0;
  #size = 0;
  #bytes = 0;
  #fetchedTo: number;
  /**
   * Where leader epochs begin: first that of the record before `position`, last that of the record fetched
   * last.
   */
  #epochs: EpochStart[];

  constructor(topic: string, partition: number, position: number, leaderEpoch?: number) {
    this.topic = topic;
    this.partition = partition;
    this.position = position;
    this.#fetchedTo = position;
    this.#epochs = leaderEpoch === undefined ? [] : [{ offset: 0, leaderEpoch }];
  }

  /** Records that wait. */
  get size(): number {
    return this.#size;
  }

  /** About the timestamp in Kafka of the record that is next; infinite where there is none. */
  get nextTimestamp(): number {
    return (
      this.peek()?.timestamp ?? ((this.unfetched ?? 0) > 0 ? this.arrivalTime : Number.POSITIVE_INFINITY)
    );
  }

  /** About how much memory the records that wait take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The offset to fetch from. */
  get fetchPosition(): number {
    return this.#fetchedTo;
  }

  /** The leader epoch of the record before {@link fetchPosition}; undefined where it is not known. */
  get fetchEpoch(): number | undefined {
    return this.#epochs.at(-1)?.leaderEpoch;
  }

  /** The leader epoch of the record before {@link position}; undefined where it is not known. */
  get leaderEpoch(): number | undefined {
    const [first] = this.#epochs;
    return first && first.offset < this.position ? first.leaderEpoch : undefined;
  }

  /** Takes in what was fetched from {@link fetchPosition}. */
  add(records: SourceRecord[], nextOffset: number, epochs: readonly EpochStart[] = []): void {
    this.#fetchedTo = nextOffset;
    for (const epoch of epochs) if (epoch.leaderEpoch !== this.fetchEpoch) this.#epochs.push(epoch);
    for (const record of records) this.#bytes += bytesOf(record);
    if (this.#size === 0) {
      this.#records = records;
      this.#head = 0;
      if (records.length === 0) this.#moveTo(nextOffset);
    } else if (records.length > 0) this.#later.push(records);
    this.#size += records.length;
  }

  peek(): SourceRecord | undefined {
    return this.#records[this.#head];
  }

  /** Removes the head: it has been processed. */
  advance(): void {
    const record = this.#records[this.#head] as SourceRecord;
    this.#head++;
    this.#size--;
    if (this.#head === this.#records.length && this.#later.length > 0) {
      this.#records = this.#later.shift() as SourceRecord[];
      this.#head = 0;
    }
    const bytes = bytesOf(record);
    this.#bytes -= bytes;
    this.processedBytes += bytes;
    // Past the last record, markers and aborted records too: so that the lag of a drained partition shows as
    // 0.
    this.#moveTo(this.#size === 0 ? this.#fetchedTo : record.offset + 1);
  }

  #moveTo(position: number): void {
    if (position <= this.position) return;
    this.position = position;
    this.moved = true;
    while (this.#epochs.length > 1 && (this.#epochs[1] as EpochStart).offset < position) this.#epochs.shift();
  }
}

/** What a record takes beside its key and value: objects and numbers. */
const overheadBytes = 200;

function bytesOf(record: SourceRecord): number {
  let bytes = dataBytesOf(record) + overheadBytes;
  if (record.headers.length === 0) return bytes;
  for (const { key, value } of record.headers) bytes += key.length + (value?.length ?? 0);
  return bytes;
}
