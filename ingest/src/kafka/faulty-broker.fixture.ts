// A broker for the writer's tests: checks sequence numbers as Kafka does, and fails when told.
import { readBatches, type ProducerIdentity } from '@activity/kafka';
import type { RawTopic } from './raw-topic.ts';
import type { Verdict } from './produce-verdict.ts';

/** What befalls one request. */
export type Fate = 'ok' | 'refused' | 'answer-lost' | 'identity-lost' | 'away';

/** What a test sees and steers. */
export interface FaultyBroker extends RawTopic {
  /** The values that each partition holds, in order. */
  log: (partition: number) => string[];
  /** What befalls the next requests, one after the other; then all is well. */
  fates: Fate[];
  /** Batches with more bytes than this are refused as too large. */
  maxBatchBytes: number;
  requests: number;
  /** The most requests that were in flight at one time. */
  mostInFlight: number;
  identities: number;
}

interface ProducerState {
  next: number;
  /** The first sequence numbers of batches already written, with where they are. */
  known: Map<number, number>;
}

/** A topic with `partitions` partitions on one broker. */
export function faultyBroker(partitions: number): FaultyBroker {
  const logs = Array.from({ length: partitions }, (): string[] => []);
  const producers = new Map<string, ProducerState>();
  let inFlight = 0;

  function append(partition: number, bytes: Buffer): Verdict {
    if (bytes.length > broker.maxBatchBytes) return { kind: 'too-large' };
    const [producerId, firstSequence] = [bytes.readBigInt64BE(43), bytes.readInt32BE(53)];
    const { records } = readBatches(bytes, 0, [], (_algorithm, compressed) => compressed);
    const key = `${producerId}/${partition}`;
    const state = producers.get(key) ?? { next: 0, known: new Map<number, number>() };
    producers.set(key, state);
    const repeated = state.known.get(firstSequence);
    if (repeated !== undefined) return { kind: 'written', baseOffset: repeated };
    if (firstSequence !== state.next) return { kind: 'lost', reason: 'out of order sequence' };
    const log = logs[partition] ?? [];
    const baseOffset = log.length;
    log.push(...records.map(({ value }) => String(value)));
    state.known.set(state.next, baseOffset);
    state.next += records.length;
    return { kind: 'written', baseOffset };
  }

  const broker: FaultyBroker = {
    log: (partition) => logs[partition] ?? [],
    fates: [],
    maxBatchBytes: Infinity,
    requests: 0,
    mostInFlight: 0,
    identities: 0,
    partitions: async () => partitions,
    newIdentity: async (): Promise<ProducerIdentity> => {
      if (broker.fates[0] === 'away') {
        broker.fates.shift();
        throw new Error('no broker answers');
      }
      return { producerId: BigInt(++broker.identities), producerEpoch: 0 };
    },
    forgetLeaders: () => {},
    async produce(batches) {
      broker.requests++;
      broker.mostInFlight = Math.max(broker.mostInFlight, ++inFlight);
      await new Promise(setImmediate);
      inFlight--;
      const verdicts = new Map<number, Verdict>();
      for (const [partition, bytes] of batches) {
        const fate = broker.fates.shift() ?? 'ok';
        const retry: Verdict = { kind: 'retry', reason: fate };
        if (fate === 'ok') verdicts.set(partition, append(partition, bytes));
        else if (fate === 'identity-lost') verdicts.set(partition, { kind: 'lost', reason: fate });
        else verdicts.set(partition, retry);
        if (fate === 'answer-lost') append(partition, bytes);
      }
      return verdicts;
    },
    close: async () => {},
  };
  return broker;
}
