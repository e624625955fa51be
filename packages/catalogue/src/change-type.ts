// Changes a type in the types topic, one change at a time for all who may change it.
//
//   open the writer (fences every other) ─▶ read the topic to its end ─▶ decide ─▶ commit ─▶ read it back
//     fenced, or the outcome is not known ─▶ from the beginning
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeleted, typeChangesId, type TypeRecord } from '@activity/contracts';
import { partitionOf, RecordBatches, RejoinError, RetriableError, type KafkaPort } from '@activity/kafka';
import type { TypesFollower } from './follow-types.ts';

/** What changing needs. */
export interface ChangeOptions {
  kafka: KafkaPort;
  topic: string;
  follower: TypesFollower;
  now: () => number;
  /** How long a change may take, in milliseconds. */
  deadlineMs: number;
}

/** What to write; that it is as it should be already; or why nothing is written. */
export type Decision<Refusal, R extends TypeRecord = TypeRecord> =
  | { write: R }
  | { keep: R }
  | { refuse: Refusal };

/** Decides by the newest record of a type. */
export type Decide<Refusal, R extends TypeRecord> = (current: TypeRecord | undefined) => Decision<Refusal, R>;

/** How many changes may wait in this process: more are refused. */
const maxWaiting = 100;
const transactionTimeoutMs = 10_000;

/** See the top of this file. */
export class TypeChanges {
  readonly #options: ChangeOptions;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ChangeOptions) {
    this.#options = options;
  }

  /**
   * Reads the newest record of a type, and writes what `decide` makes of it, when no other change can come
   * between. Resolves when all in-sync replicas have the record, and this process has read it. `decide` may
   * be called more than once: its last decision is carried out. So may `beforeWrite`, which is given the
   * record that will be written.
   * @throws Error where too many changes wait, or where it could not be done in time: then the change may
   * have been made all the same. What `beforeWrite` throws, where nothing was written.
   */
  async change<Refusal, R extends TypeRecord>(
    name: string,
    decide: Decide<Refusal, R>,
    beforeWrite: (record: R) => Promise<void> = async () => undefined,
  ): Promise<Decision<Refusal, R>> {
    if (this.#waiting >= maxWaiting) throw new Error('too many changes of types are under way');
    this.#waiting++;
    // One after the other: an edge must not fence itself.
    const mine = this.#last.then(async () => this.#change(name, decide, beforeWrite));
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }

  /** How many types are registered, as this process has read them. */
  count(): number {
    let count = 0;
    for (const record of this.#options.follower.records.values()) if (!isDeleted(record)) count++;
    return count;
  }

  async #change<Refusal, R extends TypeRecord>(
    name: string,
    decide: Decide<Refusal, R>,
    beforeWrite: (record: R) => Promise<void>,
  ): Promise<Decision<Refusal, R>> {
    const { deadlineMs } = this.#options;
    const end = performance.now() + deadlineMs;
    for (;;) {
      try {
        return await this.#attempt(name, decide, beforeWrite, end);
      } catch (error) {
        const passes = error instanceof RejoinError || error instanceof RetriableError;
        if (!passes || performance.now() >= end) throw error;
        // Two that fence each other in turn would go on for long.
        await sleep(20 + Math.random() * 80);
      }
    }
  }

  async #attempt<Refusal, R extends TypeRecord>(
    name: string,
    decide: Decide<Refusal, R>,
    beforeWrite: (record: R) => Promise<void>,
    end: number,
  ): Promise<Decision<Refusal, R>> {
    const { kafka, topic, follower, now } = this.#options;
    const left = (): number => Math.max(1, end - performance.now());
    const writer = kafka.createWriter({ transactionalId: typeChangesId(topic), transactionTimeoutMs });
    try {
      await writer.open();
      await follower.catchUp(left());
      const current = follower.records.get(name);
      const decision = decide(current);
      if (!('write' in decision)) return decision;
      const partitions = (await kafka.describeTopics([topic])).get(topic)?.partitions;
      if (partitions === undefined) throw new Error(`there is no topic ${topic}: create it`);
      await beforeWrite(decision.write);
      const records = new RecordBatches();
      const value = JSON.stringify(decision.write);
      records.append(topic, partitionOf(name, partitions), now(), name, value, []);
      await writer.commit({ records, offsets: [], group: undefined });
      await follower.catchUp(left());
      return decision;
    } finally {
      await writer.close();
    }
  }
}
