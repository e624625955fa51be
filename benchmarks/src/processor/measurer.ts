// Runs a candidate over an input, on a broker that all share: its rates, what it wrote, and what is wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logsDir } from '@activity/testbed/servers/broker-storage';
import type { Admin, Kafka } from 'kafkajs';
import { topicBytes } from '../shared/topic-bytes.ts';
import type { Candidate } from './candidates.ts';
import { createTopics, offsetsIn, writeInput, wrongIn } from './kafka.ts';
import { rateOf, type Rates } from './rate.ts';

const partitions = 4;

/** The broker of the candidates. */
export interface Broker {
  kafka: Kafka;
  admin: Admin;
  /** `host:port`. */
  address: string;
  /** Its folder. */
  dataDir: string;
}

/** A topic that candidates read. */
export interface Input {
  topic: string;
  records: number;
  /** How many of them are no copies. */
  unique: number;
}

/** What a run has shown. */
export interface Measured extends Rates {
  /** The segments of all topics that it wrote, in bytes, changelogs and repartition topics included. */
  bytes: number;
  /** The offsets that it used in these: records, and a marker of each transaction in each partition. */
  offsets: number;
  /** What is wrong in its results, one line each. */
  wrong: string[];
}

/** Measures candidates, one after the other. */
export class Measurer {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Writes an input. */
  async write(topic: string, records: number): Promise<Input> {
    const { kafka, admin } = this.#broker;
    await createTopics(admin, [topic], partitions);
    const options = { records, users: 10_000, duplicates: 0.05, spanMs: 300_000 };
    return { topic, records, unique: await writeInput(kafka, topic, options) };
  }

  /**
   * Runs a candidate over the whole input, with an application id of its own. Its topics are deleted then.
   */
  async measure(
    candidate: Candidate,
    { topic: input, records, unique }: Input,
    id: string,
  ): Promise<Measured> {
    const { kafka, admin, address, dataDir } = this.#broker;
    const [enriched, counts] = [`${id}-enriched`, `${id}-counts`];
    await createTopics(admin, [enriched, counts, `${id}-changelog`], partitions);
    const stateDir = mkdtempSync(join(tmpdir(), 'bench-state-'));
    const names = { brokers: address, applicationId: id, input, enriched, counts, stateDir };
    try {
      const rates = await rateOf({
        name: candidate.name,
        ...candidate.command(names),
        running: 'STATE RUNNING',
        admin,
        group: id,
        inputs: [input],
        records,
        // Kafka Streams on a machine that is slow does 5,000 records a second.
        timeoutMs: 20_000 + records / 5,
      });
      // Each event is in a minute and in an hour.
      const totals = [{ topic: counts, sum: 2 * unique }];
      const wrong = await wrongIn(kafka, { enriched, unique, totals });
      const written = [...topicBytes(logsDir(dataDir))].filter(([topic]) => topic.startsWith(`${id}-`));
      const topics = written.map(([topic]) => topic);
      const ends = await Promise.all(topics.map(async (topic) => offsetsIn(admin, topic)));
      const offsets = ends.reduce((sum, one) => sum + one, 0);
      await admin.deleteTopics({ topics });
      return { ...rates, wrong, offsets, bytes: written.reduce((sum, [, bytes]) => sum + bytes, 0) };
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  }
}
