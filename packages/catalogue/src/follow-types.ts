// Follows the types topic: reads it from its beginning, and then on and on.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeleted, typeRecord, type EventType, type TypeRecord } from '@activity/contracts';
import {
  partitionName,
  RetriableError,
  TaskCorruptedError,
  type Fetcher,
  type KafkaPort,
  type Position,
} from '@activity/kafka';

/** Logs what happens to whoever follows. */
export interface FollowLog {
  info: (details: object, message: string) => void;
  warn: (details: object, message: string) => void;
}

/** What following needs. */
export interface FollowOptions {
  kafka: KafkaPort;
  topic: string;
  log: FollowLog;
  /** Called when records have been taken in, with the names of their types. */
  onChange?: (names: readonly string[]) => void;
}

/** How long a fetch waits for something new; the broker answers at once when there is. In milliseconds. */
const fetchWaitMs = 500;
/** How long it takes until a failure is tried again. In milliseconds. */
const againMs = 250;

/** How long closing waits for a fetch to end. In milliseconds. */
const closeMs = 200;

interface Waiter {
  ends: ReadonlyMap<string, number>;
  resolve: () => void;
}

/**
 * The types topic as it was read last. While Kafka is away, what was read last stays.
 *
 * ```
 *  starting ──read to the end──▶ ready ──new records, at once──▶ ready
 *                                  └─ the topic is another one: read from its beginning, then replaced
 * ```
 */
export class TypesFollower {
  readonly #options: FollowOptions;
  #records = new Map<string, TypeRecord>();
  /** What is read from the beginning, until it is complete. */
  #incoming: Map<string, TypeRecord> | undefined;
  #ends = new Map<string, number>();
  #positions = new Map<string, Position>();
  #topicId: string | undefined;
  #waiters: Waiter[] = [];
  #isReady = false;
  #failure: string | undefined;
  #closed = false;
  #running: Promise<void> | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Whether all that the topic held at the start has been read, or there is no such topic. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why the topic cannot be read now; undefined where it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Why it is not known which types there are; undefined once it {@link isReady}. */
  get unread(): string | undefined {
    if (this.#isReady) return undefined;
    return `the catalogue of types has not been read: ${this.#failure ?? this.#options.topic}`;
  }

  /** The registered types and what stays of deleted ones, by name. */
  get records(): ReadonlyMap<string, TypeRecord> {
    return this.#records;
  }

  /** The registered type of this name. */
  get(name: string): EventType | undefined {
    const record = this.#records.get(name);
    return record === undefined || isDeleted(record) ? undefined : record;
  }

  /** Begins to read; returns at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Resolves when it {@link isReady}.
   * @throws RetriableError where that takes longer than `withinMs`: its message is {@link unread}.
   */
  async untilReady(withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    while (!this.#isReady && performance.now() < end) await sleep(20);
    if (this.unread !== undefined) throw new RetriableError('TIMED_OUT', this.unread);
  }

  /**
   * Resolves when everything that is in the topic now has been read.
   * @throws Error where that takes longer than `withinMs`; StreamsError where the broker cannot be asked.
   */
  async catchUp(withinMs: number): Promise<void> {
    const { kafka, topic } = this.#options;
    const partitions = (await kafka.describeTopics([topic])).get(topic)?.partitions;
    if (partitions === undefined) throw new Error(`there is no topic ${topic}: create it`);
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const ends = await kafka.listOffsets(places, 'latest');
    if (this.#hasRead(ends)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { ends, resolve };
    this.#waiters.push(waiter);
    const late = new AbortController();
    try {
      await Promise.race([
        promise,
        expired(withinMs, late.signal, `${topic} was not read within ${withinMs} ms`),
      ]);
    } finally {
      late.abort();
      this.#waiters = this.#waiters.filter((one) => one !== waiter);
    }
  }

  /** Stops reading; what waits for the broker ends with the connection. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.race([this.#running, sleep(closeMs, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      let fetcher: Fetcher | undefined;
      try {
        if (await this.#look()) {
          fetcher = this.#options.kafka.createFetcher();
          await this.#read(fetcher);
        } else await sleep(againMs);
      } catch (error) {
        if (error instanceof TaskCorruptedError) this.#beginAgain();
        this.#failed(error);
        await sleep(againMs);
      } finally {
        await fetcher?.close();
      }
    }
  }

  /** Finds the topic, and where to read; false where there is none. */
  async #look(): Promise<boolean> {
    const { kafka, topic, log } = this.#options;
    const found = (await kafka.describeTopics([topic])).get(topic);
    if (found === undefined) {
      if (this.#failure === undefined && !this.#closed)
        log.warn(
          { topic },
          'there is no topic for the catalogue of types: only ACTIVITY_TYPES are registered',
        );
      this.#failure = `there is no topic ${topic}`;
      this.#isReady = true;
      return false;
    }
    if (this.#topicId !== found.id) {
      this.#beginAgain();
      const places = Array.from({ length: found.partitions }, (_, partition) => ({ topic, partition }));
      const [starts, ends] = await Promise.all([
        kafka.listOffsets(places, 'earliest'),
        kafka.listOffsets(places, 'latest'),
      ]);
      this.#ends = ends;
      for (const place of places) {
        const name = partitionName(topic, place.partition);
        this.#positions.set(name, { ...place, offset: starts.get(name) ?? 0 });
      }
      // Not before: where asking failed, all of it is asked again.
      this.#topicId = found.id;
      this.#complete();
    }
    return true;
  }

  async #read(fetcher: Fetcher): Promise<void> {
    const { topic } = this.#options;
    while (!this.#closed) {
      const fetched = await fetcher.fetch([...this.#positions.values()], fetchWaitMs);
      const changed = new Set<string>();
      for (const { partition, fetchOffset, nextOffset, records } of fetched) {
        const name = partitionName(topic, partition);
        const position = this.#positions.get(name);
        if (position?.offset !== fetchOffset) continue;
        for (const { key, value } of records) this.#take(key, value, changed);
        this.#positions.set(name, { ...position, offset: nextOffset });
      }
      this.#failure = undefined;
      if (this.#incoming !== undefined) this.#complete();
      else if (changed.size > 0) this.#options.onChange?.([...changed]);
      this.#waiters.filter(({ ends }) => this.#hasRead(ends)).forEach(({ resolve }) => resolve());
    }
  }

  #take(key: Buffer | null, value: Buffer | null, changed: Set<string>): void {
    if (key === null) return;
    const name = key.toString();
    const into = this.#incoming ?? this.#records;
    changed.add(name);
    if (value === null) {
      into.delete(name);
      return;
    }
    const record = readRecord(value.toString());
    // Others may write there: what is no type is not in the catalogue, and stops nobody.
    if (record?.name === name) into.set(name, record);
    else this.#options.log.warn({ type: name }, 'a record of the catalogue of types is not readable');
  }

  #beginAgain(): void {
    this.#incoming = new Map();
    this.#positions = new Map();
    this.#topicId = undefined;
  }

  /** Takes over what was read from the beginning, once it is complete. */
  #complete(): void {
    if (this.#incoming === undefined || !this.#hasRead(this.#ends)) return;
    const before = this.#records;
    this.#records = this.#incoming;
    this.#incoming = undefined;
    this.#isReady = true;
    this.#options.onChange?.([...new Set([...before.keys(), ...this.#records.keys()])]);
    const types = [...this.#records.values()].filter((record) => !isDeleted(record)).length;
    this.#options.log.info({ types }, 'the catalogue of types was read');
  }

  #hasRead(ends: ReadonlyMap<string, number>): boolean {
    for (const [name, end] of ends) if ((this.#positions.get(name)?.offset ?? 0) < end) return false;
    return this.#positions.size > 0;
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failure === undefined && !this.#closed)
      this.#options.log.warn({ reason }, 'reading the catalogue of types failed: what was read last stays');
    this.#failure = reason;
  }
}

function readRecord(text: string): TypeRecord | undefined {
  try {
    return typeRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function expired(withinMs: number, signal: AbortSignal, message: string): Promise<never> {
  await sleep(withinMs, undefined, { signal, ref: false });
  throw new Error(message);
}
