// The client as its documentation has it, beside the adapter, for tests of what the adapter works round.
import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { afterAll, beforeAll } from 'vitest';
import type { CommitWriter, KafkaPort, Position } from '../client/port.ts';
import { createKafka } from '../client/wire-port.ts';
import { connectWitness, uniqueName, type Witness } from './witness.ts';

/** The client's own producer. */
export type Naive = Producer<string, string, string, string>;

/** Options of the client's own producer, over those of its documentation. */
export interface NaiveOptions {
  transactionalId?: string;
  retryDelay?: number;
  producerId?: bigint;
  producerEpoch?: number;
}

/** Both, on the broker of the tests. */
export interface Beside {
  readonly kafka: KafkaPort;
  readonly witness: Witness;
  /** A producer of the client alone. */
  naive(options?: NaiveOptions): Naive;
  /** One that is fenced and fences, so that its other faults can be seen. */
  firstNaive(transactionalId: string): Naive;
  openWriter(transactionalId: string | null): Promise<CommitWriter>;
  /** Waits until no transaction is open on a topic, then returns what is committed. */
  committedValues(topic: string): Promise<(string | null)[]>;
}

/** The same offset in each of a topic's first partitions. */
export function offsetsOf(topic: string, count: number, offset: number): Position[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition, offset }));
}

/** Call it at the top of a test file: it connects before the tests, and closes everything after them. */
export function besideTheClient(brokers: () => string): Beside {
  let connected: { kafka: KafkaPort; witness: Witness } | undefined;
  const naives: Naive[] = [];
  const both = (): { kafka: KafkaPort; witness: Witness } => {
    if (!connected) throw new Error('this is connected before the first test');
    return connected;
  };

  async function openWriter(transactionalId: string | null): Promise<CommitWriter> {
    const writer = both().kafka.createWriter({ transactionalId, transactionTimeoutMs: 10_000 });
    await writer.open();
    return writer;
  }

  function naive(options: NaiveOptions = {}): Naive {
    const producer: Naive = new Producer({
      clientId: 'naive',
      bootstrapBrokers: [brokers()],
      serializers: stringSerializers,
      acks: ProduceAcks.ALL,
      idempotent: true,
      retries: 3,
      retryDelay: 5,
      timeout: 10_000,
      ...options,
    });
    naives.push(producer);
    return producer;
  }

  beforeAll(async () => {
    const kafka = createKafka({ brokers: [brokers()], clientId: 'client-faults' });
    connected = { kafka, witness: await connectWitness(brokers()) };
    // The first transaction of a broker waits until its log of transactions is there.
    await (await openWriter(uniqueName('tx'))).close();
  });

  afterAll(async () => {
    await Promise.all(naives.map((producer) => producer.close(true).catch(() => {})));
    await connected?.kafka.close();
    await connected?.witness[Symbol.asyncDispose]();
  });

  return {
    get kafka() {
      return both().kafka;
    },
    get witness() {
      return both().witness;
    },
    naive,
    firstNaive: (transactionalId) => naive({ transactionalId, producerId: -1n, producerEpoch: -1 }),
    openWriter,
    committedValues: async (topic) => (await both().witness.readCommitted(topic)).map(({ value }) => value),
  };
}
