// Runs a join over its two inputs, on a broker that all candidates share: its rates, and what is wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Partitioners, type Admin, type Kafka } from 'kafkajs';
import { createTopics } from '../processor/kafka.ts';
import { rateOf, type Rates } from '../processor/rate.ts';
import type { Candidate } from './candidates.ts';
import { joinData, type Kind, type Sum } from './data.ts';
import { wrongIn } from './witness.ts';

const partitions = 4;
const users = 10_000;
/** Event time from one record to the next, in milliseconds. */
const stepMs = 0.3;

/** Topics that candidates read, and what must come of them. */
export interface Input {
  kind: Kind;
  left: string;
  right: string;
  records: number;
  sums: ReadonlyMap<string, Sum>;
}

/** What a run has shown. */
export interface Measured extends Rates {
  /** What is wrong in its results, one line each. */
  wrong: string[];
}

/** Measures candidates, one after the other. */
export class Measurer {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #address: string;

  constructor(kafka: Kafka, admin: Admin, address: string) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#address = address;
  }

  /** Writes the inputs of a join. */
  async write(kind: Kind, name: string, records: number): Promise<Input> {
    const topics = { left: `${name}-left`, right: `${name}-right` };
    await createTopics(this.#admin, Object.values(topics), partitions);
    const data = joinData({ kind, records, users, spanMs: records * stepMs });
    const producer = this.#kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const batches = { left: [] as Message[], right: [] as Message[] };
    const send = async (side: keyof typeof batches): Promise<void> => {
      const messages = batches[side];
      batches[side] = [];
      if (messages.length > 0) await producer.send({ topic: topics[side], messages });
    };
    for (const { side, key, value, timestamp } of data.records)
      if (batches[side].push({ key, value, timestamp: String(timestamp) }) === 5000) await send(side);
    await send('left');
    await send('right');
    await producer.disconnect();
    return { kind, ...topics, records, sums: data.sums };
  }

  /** Runs a candidate over all of an input, with an application id of its own. */
  async measure(candidate: Candidate, input: Input, id: string): Promise<Measured> {
    const { kind, left, right, records, sums } = input;
    const output = `${id}-output`;
    await createTopics(this.#admin, [output], partitions);
    const stateDir = mkdtempSync(join(tmpdir(), 'bench-joins-'));
    const names = { brokers: this.#address, applicationId: id, kind, left, right, output, stateDir };
    try {
      const rates = await rateOf({
        name: candidate.name,
        ...candidate.command(names),
        running: 'STATE RUNNING',
        admin: this.#admin,
        group: id,
        inputs: [left, right],
        records,
        // Kafka Streams on a machine that is slow does 5,000 records a second.
        timeoutMs: 20_000 + records / 5,
      });
      const wrong = await wrongIn(this.#kafka, output, sums);
      const topics = await this.#admin.listTopics();
      await this.#admin.deleteTopics({ topics: topics.filter((topic) => topic.startsWith(`${id}-`)) });
      return { ...rates, wrong };
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  }
}

interface Message {
  key: string;
  value: string;
  timestamp: string;
}
