// The witness: kafkajs, a client that shares no code with ours, reads what was committed and makes what we
// must survive. Only to know where a topic ends, and so when to stop waiting, our own client is asked.
import '@activity/testbed/testing/mend-kafkajs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigResourceTypes, Kafka, logLevel, type Admin, type Message, type Producer } from 'kafkajs';
import { partitionName } from '../client/port.ts';
import { createKafka } from '../client/wire-port.ts';

/** A record as the witness saw it. */
export interface Seen {
  partition: number;
  offset: number;
  key: string | null;
  value: string | null;
  timestamp: number;
}

/** A second client on a broker. */
export interface Witness extends AsyncDisposable {
  readonly admin: Admin;
  /** A topic with a name of its own; returns the name. */
  createTopic(name: string, partitions: number, config?: { [name: string]: string }): Promise<string>;
  /** Gives a topic settings of its own, instead of those that it had. */
  configure(topic: string, config: { [name: string]: string }): Promise<void>;
  /** A producer, connected; transactional with an id. */
  producer(transactionalId?: string): Promise<Producer>;
  /** Sends records outside of transactions. */
  send(
    topic: string,
    records: readonly { key: string; value: string; partition?: number; timestamp?: number }[],
  ): Promise<void>;
  /**
   * Everything committed to a topic, by offset. To know where the end is it writes a mark into each
   * partition, which it leaves out of all answers;
   * records of a transaction that is still open are waited for.
   */
  readCommitted(topic: string): Promise<Seen[]>;
  /** The end of each partition, records of open transactions included: kafkajs leaves these out. */
  endOffsets(topic: string): Promise<number[]>;
  /** The committed offsets of a group, by partition; -1 where there is none. */
  committedOffsets(groupId: string, topic: string): Promise<number[]>;
}

const markHeader = 'end-of-reading';

/** A name that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** Tries again for so long, with a short pause, what fails while a broker is busy. */
async function eventually<T>(attempt: () => Promise<T>, deadlineMs = 20_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(20);
    }
  }
}

/** Connects a witness. Its topics have as many copies as the broker gives a topic. */
export async function connectWitness(...brokers: string[]): Promise<Witness> {
  const kafka = new Kafka({ clientId: 'witness', brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const producers: Producer[] = [];
  const wire = createKafka({ brokers, clientId: 'witness-ends' });

  async function connected(made: Producer): Promise<Producer> {
    await made.connect();
    producers.push(made);
    return made;
  }

  function producer(transactionalId?: string): Promise<Producer> {
    const options =
      transactionalId === undefined ? {} : { transactionalId, idempotent: true, maxInFlightRequests: 1 };
    return connected(kafka.producer({ ...options, allowAutoTopicCreation: false }));
  }

  let plain: Promise<Producer> | undefined;

  /**
   * Sends all of these records again where any of them fails. When kafkajs itself tries again, it leaves out
   * a partition whose new leader has answered for others before, and resolves all the same.
   */
  async function send(topic: string, messages: Message[]): Promise<void> {
    plain ??= connected(kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } }));
    const sender = await plain;
    await eventually(() => sender.send({ topic, messages }));
  }

  async function readCommitted(topic: string): Promise<Seen[]> {
    const mark = randomUUID();
    const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition }) => partition);
    const endMark = { value: null, headers: { [markHeader]: mark } };
    await send(
      topic,
      partitions.map((partition) => ({ partition, ...endMark })),
    );
    // By place: a batch that is read again after a rebalance of the witness holds the same records, not more
    // of them.
    const seen = new Map<string, Seen>();
    const left = new Set(partitions);
    const consumer = kafka.consumer({
      groupId: `witness-${mark}`,
      maxWaitTimeInMs: 50,
      readUncommitted: false,
    });
    await consumer.connect();
    try {
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        const eachBatch: Parameters<typeof consumer.run>[0] = {
          autoCommit: false,
          async eachBatch({ batch }) {
            for (const { offset, key, value, timestamp, headers } of batch.messages) {
              const marked = headers?.[markHeader]?.toString();
              if (marked === mark) left.delete(batch.partition);
              if (marked !== undefined) continue;
              seen.set(`${batch.partition}/${offset}`, {
                partition: batch.partition,
                offset: Number(offset),
                key: key && key.toString(),
                value: value && value.toString(),
                timestamp: Number(timestamp),
              });
            }
            if (left.size === 0) resolve();
          },
        };
        consumer.run(eachBatch).catch(reject);
      });
    } finally {
      await consumer.disconnect();
      await admin.deleteGroups([`witness-${mark}`]).catch(() => {});
    }
    return [...seen.values()].toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
  }

  return {
    admin,
    async createTopic(name, partitions, config = {}) {
      const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      const topics = [{ topic: name, numPartitions: partitions, replicationFactor: -1, configEntries }];
      await eventually(() => admin.createTopics({ waitForLeaders: false, topics }));
      // Its leaders are elected before they know it; they answer this only when they do.
      await eventually(() => admin.fetchTopicOffsets(name));
      return name;
    },
    async configure(name, config) {
      const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      const resources = [{ type: ConfigResourceTypes.TOPIC, name, configEntries }];
      await admin.alterConfigs({ validateOnly: false, resources });
    },
    producer,
    send: (topic, records) =>
      send(
        topic,
        records.map(({ timestamp, ...record }) => ({
          ...record,
          ...(timestamp !== undefined && { timestamp: String(timestamp) }),
        })),
      ),
    // A leader may move meanwhile: then from the start again.
    readCommitted: (topic) => eventually(() => readCommitted(topic), 60_000),
    async endOffsets(topic) {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const partitions = topics.flatMap((found) =>
        found.partitions.map(({ partitionId }) => ({ topic, partition: partitionId })),
      );
      const ends = await wire.listOffsets(partitions, 'latest');
      return partitions
        .toSorted((a, b) => a.partition - b.partition)
        .map(({ partition }) => ends.get(partitionName(topic, partition)) ?? 0);
    },
    async committedOffsets(groupId, topic) {
      // A broker that has just come back does not know yet what it coordinates.
      const [found] = await eventually(() => admin.fetchOffsets({ groupId, topics: [topic] }));
      const sorted = found?.partitions.toSorted((a, b) => a.partition - b.partition) ?? [];
      return sorted.map(({ offset }) => Number(offset));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(producers.map((one) => one.disconnect()));
      await wire.close();
      await admin.disconnect();
    },
  };
}
