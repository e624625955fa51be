// The witness: kafkajs, a second client, reads with read_committed what the pipeline wrote.
import '@activity/testbed/testing/mend-kafkajs';
import type { KafkaSecurity } from '@activity/service';
import { Kafka, logLevel, type EachMessagePayload, type KafkaMessage } from 'kafkajs';

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

/** Headers with texts as their values. */
export function headersOf({ headers = {} }: KafkaMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
}

/**
 * Calls `take` for each record of topics, from their beginning and only what was committed, until it is
 * closed.
 */
export async function readCommitted(
  broker: string,
  topics: string[],
  take: (record: EachMessagePayload) => void,
  { tls, sasl }: KafkaSecurity = {},
): Promise<Pick<Witness, 'close'>> {
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
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage(record): Promise<void> {
      take(record);
      return Promise.resolve();
    },
  });
  return { close: () => consumer.disconnect() };
}

/** Reads topics as {@link readCommitted} does, and keeps their records. */
export async function startWitness(
  broker: string,
  topics: string[],
  security?: KafkaSecurity,
): Promise<Witness> {
  const seen: Seen[] = [];
  function take({ topic, partition, message }: EachMessagePayload): void {
    const { key, value, offset } = message;
    const parsed: unknown = value === null ? undefined : JSON.parse(value.toString('utf8'));
    seen.push({ topic, partition, offset, key: key?.toString('utf8') ?? '', value: parsed });
  }
  return { seen, ...(await readCommitted(broker, topics, take, security)) };
}
