// The witness: kafkajs, a second client, reads with read_committed what the pipeline wrote.
import '@activity/testbed/testing/mend-kafkajs';
import type { KafkaSecurity } from '@activity/service';
import { Kafka, logLevel } from 'kafkajs';

/** One record as the witness saw it. */
export interface Seen {
  topic: string;
  partition: number;
  offset: string;
  key: string;
  value: unknown;
}

/** A reader that goes on until it is closed. */
export interface Witness {
  /** Every committed record so far, in the order of each partition. */
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

/** Reads topics from their beginning, only what was committed. */
export async function startWitness(
  broker: string,
  topics: string[],
  { tls, sasl }: KafkaSecurity = {},
): Promise<Witness> {
  const kafka = new Kafka({
    clientId: 'witness',
    brokers: [broker],
    logLevel: logLevel.ERROR,
    ...(tls && { ssl: tls }),
    ...(sasl && { sasl: { ...sasl, mechanism: 'scram-sha-512' } }),
  });
  const consumer = kafka.consumer({
    groupId: `witness-${crypto.randomUUID()}`,
    readUncommitted: false,
    maxWaitTimeInMs: 100,
  });
  const seen: Seen[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage({ topic, partition, message }): Promise<void> {
      const { key, value, offset } = message;
      const parsed: unknown = value === null ? undefined : JSON.parse(value.toString('utf8'));
      seen.push({ topic, partition, offset, key: key?.toString('utf8') ?? '', value: parsed });
      return Promise.resolve();
    },
  });
  return { seen, close: () => consumer.disconnect() };
}
