// The edge's one producer: batches what all requests want written, and answers each when the broker has
// answered.
import type { Logger } from '@activity/service';
import { memoryBytes, PartitionLane, stillWaiting, Waiting } from './partition-lane.ts';
import type { Loss, Room, WriteResult } from './partition-lane.ts';
import {
  backoff,
  partitionOf,
  recordBytes,
  RecordSlabs,
  type Compression,
  type ProducerIdentity,
  type TextRecord,
} from '@activity/kafka';
import type { Verdict } from './produce-verdict.ts';
import type { RawTopic } from './raw-topic.ts';

/** What a writer needs. Times in milliseconds. */
export interface EventWriterOptions {
  topic: RawTopic;
  logger: Logger;
  /** How long a record may wait for its acknowledgement. */
  deadlineMs: number;
  /** How much memory may wait at once, in bytes: see `memoryBytes`. */
  maxWaitingBytes: number;
  /** How batches are compressed; not, unless given. */
  compression?: Compression;
  /** The largest batch of one partition, in bytes before it is compressed. */
  maxBatchBytes?: number;
  /** How long writes must have failed until {@link EventWriter.failing} says so. Default 3,000. */
  failingAfterMs?: number;
  /**
   * How long a failure counts after the last attempt: then the next write is to show whether it lasts.
   * Default 30,000.
   */
  failureCountsMs?: number;
  /** What to tell after each round: for metrics. */
  onRound?: (round: { records: number; milliseconds: number }) => void;
  /** Called where the topic has lost what the broker had acknowledged; it is logged as well. */
  onLoss?: (loss: Loss) => void;
}

const retries = { from: 20, to: 250 };

/** Stands for all partitions at once: no broker, no identity. */
const everything = -1;

interface Failing {
  since: number;
  /** When it was tried last. */
  at: number;
  reason: string;
}

/**
 * Writes records with acks=all under one idempotent producer, one round in flight: while the broker answers,
 * the next round gathers. A record is answered once: written, too large, or unavailable (its deadline passed,
 * too much waits, closed). Unavailable does not mean unwritten: the broker may still have taken it.
 *
 * ```
 *  idle ──write──▶ opening ──▶ round ──all written──▶ round … idle
 *                     ▲ ▲        ├─ retry ─▶ back-off ─▶ round (same bytes)
 *                     │ └────────┴─ lost, abandoned ─▶ new identity, sequences from 0
 *                     └─ no broker: back-off, until nothing waits
 * ```
 */
export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #maxBatchBytes: number;
  readonly #lanes: PartitionLane[] = [];
  #unrouted: Waiting[] = [];
  readonly #waiting: Room = { bytes: 0, records: 0 };
  readonly #slabs = new RecordSlabs();
  #timer: NodeJS.Timeout | undefined;
  #identity: ProducerIdentity | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #closed = false;
  readonly #failing = new Map<number, Failing>();

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#maxBatchBytes = options.maxBatchBytes ?? 512 * 1024;
  }

  /** The memory that what waits for an answer takes, in bytes. */
  get waitingBytes(): number {
    return this.#waiting.bytes;
  }

  /** Whether another record would be taken. */
  get accepting(): boolean {
    return !this.#closed && this.#waiting.bytes < this.#options.maxWaitingBytes;
  }

  /**
   * Why writes fail, where they have failed for a while; undefined where they succeed. With the first that
   * succeeds it is undefined again, and also when none was tried for a while: whoever gets no requests
   * because of it never learns more.
   */
  get failing(): string | undefined {
    const { failingAfterMs = 3_000, failureCountsMs = 30_000 } = this.#options;
    const now = performance.now();
    for (const [partition, { since, at, reason }] of this.#failing) {
      if (now - at > failureCountsMs) this.#failing.delete(partition);
      else if (now - since >= failingAfterMs)
        return partition === everything ? reason : `partition ${partition}: ${reason}`;
    }
    return undefined;
  }

  /** Writes a record to the partition of its key, or to the one given. Calls back exactly once. */
  send(record: TextRecord, partition: number | undefined, tell: (result: WriteResult) => void): void {
    if (this.#closed) {
      tell({ kind: 'unavailable', reason: 'closed' });
      return;
    }
    const most = recordBytes(record);
    if (this.#waiting.bytes + memoryBytes(most) > this.#options.maxWaitingBytes) {
      tell({ kind: 'unavailable', reason: 'overloaded' });
      return;
    }
    const content = this.#slabs.encode(record, most);
    const deadline = performance.now() + this.#options.deadlineMs;
    const waiting = new Waiting({ content, key: record.key, partition, deadline }, this.#waiting, tell);
    this.#unrouted.push(waiting);
    this.#armDeadline();
    this.#running ??= this.#run();
  }

  /** Takes nothing more, waits until all that waits is answered, and closes the topic. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    clearTimeout(this.#timer);
    await this.#options.topic.close();
  }

  async #run(): Promise<void> {
    while (this.#waiting.records > 0) {
      // Whatever else arrived together with what started this round, or with the last answer, joins the
      // round.
      await immediate();
      try {
        await this.#round();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#noteFailure(everything, reason);
        this.#fail(reason);
      }
      if (this.#failures > 0) await delay(backoff(this.#failures, retries));
    }
    this.#unrouted = [];
    this.#running = undefined;
  }

  async #round(): Promise<void> {
    const { topic } = this.#options;
    const partitions = await topic.partitions();
    if (this.#lanes.some((lane) => lane.abandoned)) this.#identity = undefined;
    if (this.#identity === undefined) {
      this.#identity = await topic.newIdentity();
      for (const lane of this.#lanes) lane.restart();
    }
    this.#failing.delete(everything);
    this.#route(partitions);
    const batches = new Map<number, Buffer>();
    for (const lane of this.#lanes) {
      const bytes = lane.take(this.#identity);
      if (bytes !== undefined) batches.set(lane.partition, bytes);
    }
    if (batches.size === 0) return;
    const started = performance.now();
    const verdicts = await topic.produce(batches);
    let failure: string | undefined;
    let records = 0;
    for (const partition of batches.keys()) {
      const verdict: Verdict = verdicts.get(partition) ?? { kind: 'retry', reason: 'no answer' };
      records += this.#lanes[partition]?.apply(verdict) ?? 0;
      if (verdict.kind === 'lost') this.#identity = undefined;
      if (verdict.kind === 'lost' || verdict.kind === 'retry') {
        failure = verdict.reason;
        this.#noteFailure(partition, verdict.reason);
      } else this.#failing.delete(partition);
    }
    this.#options.onRound?.({ records, milliseconds: performance.now() - started });
    if (failure === undefined) this.#failures = 0;
    else this.#fail(failure);
  }

  #route(partitions: number): void {
    while (this.#lanes.length < partitions)
      this.#lanes.push(
        new PartitionLane({
          partition: this.#lanes.length,
          maxBatchBytes: this.#maxBatchBytes,
          compression: this.#options.compression,
          onLoss: (loss) => this.#noteLoss(loss),
        }),
      );
    for (const waiting of this.#unrouted) {
      const { key } = waiting;
      const partition = waiting.partition ?? (key === undefined ? 0 : partitionOf(key, partitions));
      const lane = this.#lanes[partition];
      if (lane === undefined) waiting.settle({ kind: 'no-partition' });
      else if (!waiting.settled) lane.add(waiting);
    }
    this.#unrouted = [];
  }

  #fail(reason: string): void {
    // Said once an outage: readiness and metrics show how long it lasts.
    if (this.#failures === 0) this.#options.logger.warn({ reason }, 'writing to the broker: trying again');
    this.#failures++;
    this.#options.topic.forgetLeaders();
  }

  #noteLoss(loss: Loss): void {
    this.#options.logger.error(
      { ...loss, reason: 'a replica that lacked them was elected leader, or the topic was created again' },
      'keeping events failed after they were acknowledged: the partition ended before them',
    );
    this.#options.onLoss?.(loss);
  }

  #noteFailure(partition: number, reason: string): void {
    const now = performance.now();
    const { failureCountsMs = 30_000 } = this.#options;
    const known = this.#failing.get(partition);
    const since = known !== undefined && now - known.at <= failureCountsMs ? known.since : now;
    this.#failing.set(partition, { since, at: now, reason });
  }

  #armDeadline(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#expire(), this.#options.deadlineMs / 20);
  }

  // Settles what has waited too long, and lets go of it, also while no broker takes anything. What was
  // written in time is held by nothing here: it would live long enough to cost the garbage collector.
  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#unrouted = stillWaiting(this.#unrouted, now);
    for (const lane of this.#lanes) lane.expire(now);
    if (this.#waiting.records > 0) this.#armDeadline();
  }
}

async function immediate(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

async function delay(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
