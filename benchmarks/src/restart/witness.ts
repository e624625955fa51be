// The independent reader of the outputs: kafkajs, read_committed. It reads only while nothing is measured.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import { topicsOf } from './application.ts';
import type { Kind } from './job.ts';
import { differences, expectedOf, Found } from './records.ts';

/** How long nothing must come before an output is taken for read, in milliseconds. */
const restMs = { complete: 1_000, incomplete: 15_000 };

/** Checks outputs. */
export class Witness {
  readonly #consumer: Consumer;
  readonly #found: Map<string, Found>;
  #last = 0;

  constructor(kafka: Kafka, kinds: readonly Kind[]) {
    this.#found = new Map(kinds.map((kind) => [topicsOf(kind).output, new Found(kind)]));
    this.#consumer = kafka.consumer({
      groupId: 'restart-witness',
      readUncommitted: false,
      maxWaitTimeInMs: 500,
    });
  }

  /** Joins its group. */
  async open(): Promise<void> {
    const topics = [...this.#found.keys()];
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics, fromBeginning: true });
    await this.#consumer.run({
      eachBatch: async ({ batch: { topic, messages } }) => {
        const found = this.#found.get(topic);
        for (const { key, value } of messages) found?.add(String(key), String(value));
        this.#last = Date.now();
      },
    });
    this.#consumer.pause(topics.map((topic) => ({ topic })));
  }

  /** Reads what is new; returns what is wrong in the output of the first `written` records. */
  async wrongIn(kind: Kind, written: number, keys: number): Promise<string[]> {
    const topic = topicsOf(kind).output;
    const found = this.#found.get(topic) ?? new Found(kind);
    const expected = expectedOf(kind, written, keys);
    let sum = 0;
    for (const wanted of expected.values()) sum += wanted;
    this.#last = Date.now();
    this.#consumer.resume([{ topic }]);
    // Once all is there, a moment for what should not be.
    while (Date.now() - this.#last < (found.sum >= sum ? restMs.complete : restMs.incomplete))
      await sleep(100);
    this.#consumer.pause([{ topic }]);
    return differences(kind, expected, found).map((line) => `${topic}: ${line}`);
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect();
  }
}
