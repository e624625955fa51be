// Writes encoded batches to one topic, idempotently: who leads its partitions, and the connections there.
// What to send again, and when, is the caller's.
import { RetriableError, type StreamsError } from '../errors.ts';
import type { Compression } from '../format/compression.ts';
import { encodeRecordBatch, type EncodedRecord } from '../format/encoded-records.ts';
import { compressorOf } from './compress.ts';
import { Cluster } from './cluster.ts';
import { partitionName, type ProducedBatch } from './port.ts';
import { remedyOf } from './remedies.ts';
import type { SecurityOptions } from './security.ts';
import { crc32c, wire } from './wire.ts';

/** How to reach a topic. Times in milliseconds. */
export interface TopicWriterOptions {
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  topic: string;
  /** Seen by the broker in its logs. */
  clientId: string;
  security?: SecurityOptions;
  connectTimeoutMs: number;
  /** A request that takes longer fails, and its connection is closed. */
  requestTimeoutMs: number;
  /** Called when a broker closed a connection, or it broke. */
  onLost?: () => void;
}

/** Under which a producer's batches are known to the broker, so that it drops repeats. */
export interface ProducerIdentity {
  producerId: bigint;
  producerEpoch: number;
}

/** See the top of this file. Nothing is connected until it is used. */
export interface TopicWriter {
  /** How many partitions the topic has, as known for a minute at most. @throws StreamsError. */
  partitions(): Promise<number>;
  /** Asks who leads each partition now; undefined where nobody does. @throws StreamsError. */
  leaders(): Promise<readonly (number | undefined)[]>;
  /** A new identity, whose sequence numbers begin at 0. @throws StreamsError. */
  newIdentity(): Promise<ProducerIdentity>;
  /** Forgets who leads the partitions, so that the next use asks again. */
  forgetLeaders(): void;
  /**
   * Sends one batch for each of some partitions, at most one request to each leader, acks=all, and returns
   * what became of each of them. Never rejects: a batch whose fate is not known has a StreamsError.
   */
  produce(batches: ReadonlyMap<number, Buffer>): Promise<Map<number, ProducedBatch | StreamsError>>;
  /** May be called twice. */
  close(): Promise<void>;
}

const metadataMaxAgeMs = 60_000;

/** One batch of at least one record, with the sequence number of the first. */
export function encodeBatch(
  records: readonly EncodedRecord[],
  identity: ProducerIdentity,
  firstSequence: number,
  compression: Compression = 'none',
): Buffer {
  const producer = { ...identity, transactional: false };
  return encodeRecordBatch(records, producer, firstSequence, crc32c, compressorOf(compression));
}

/** Opens a writer of one topic. */
export function openTopicWriter({ topic, security = {}, ...options }: TopicWriterOptions): TopicWriter {
  const cluster = new Cluster({ ...options, security });
  const doing = `producing to ${topic}`;
  let askedAt = Number.NEGATIVE_INFINITY;

  async function leaders(): Promise<readonly (number | undefined)[]> {
    askedAt = performance.now();
    await cluster.refresh([topic]);
    return cluster.leadersOf(topic);
  }

  async function know(): Promise<void> {
    if (performance.now() - askedAt > metadataMaxAgeMs) await leaders();
    else await cluster.know([topic]);
  }

  async function send(
    leader: number,
    batches: ReadonlyMap<number, Buffer>,
  ): Promise<[number, ProducedBatch | StreamsError][]> {
    const partitions = [...batches].map(([index, records]) => ({ index, records }));
    const link = cluster.link(leader, 'produce');
    const { requestTimeoutMs } = options;
    const produced = await link.call(doing, wire.produce, null, requestTimeoutMs, [
      { name: topic, partitions },
    ]);
    return partitions.map(({ index }) => [
      index,
      produced.find(({ partition }) => partition === index) ??
        new RetriableError('BROKER_REFUSED', `${doing}: the broker did not mention partition ${index}`),
    ]);
  }

  return {
    async partitions() {
      await know();
      return cluster.leadersOf(topic).length;
    },
    leaders,
    async newIdentity() {
      const { producerId, producerEpoch } = await cluster.onAnyBroker((link) =>
        link.call(`opening a producer for ${topic}`, wire.initProducerId, null, 60_000, -1n, -1),
      );
      return { producerId, producerEpoch };
    },
    forgetLeaders: () => cluster.forget([topic]),
    async produce(batches) {
      const results = new Map<number, ProducedBatch | StreamsError>();
      const failAll = (partitions: Iterable<number>, error: unknown): void => {
        for (const partition of partitions) results.set(partition, remedyOf(error, doing));
      };
      try {
        await know();
      } catch (error) {
        failAll(batches.keys(), error);
        return results;
      }
      const known = cluster.leadersOf(topic);
      const byLeader = new Map<number, Map<number, Buffer>>();
      for (const [partition, batch] of batches) {
        const leader = known[partition];
        if (leader === undefined) {
          const name = partitionName(topic, partition);
          failAll([partition], new RetriableError('BROKER_REFUSED', `partition ${name} has no leader now`));
          continue;
        }
        let group = byLeader.get(leader);
        if (!group) byLeader.set(leader, (group = new Map()));
        group.set(partition, batch);
      }
      await Promise.all(
        [...byLeader].map(async ([leader, group]) => {
          try {
            for (const [partition, result] of await send(leader, group)) results.set(partition, result);
          } catch (error) {
            failAll(group.keys(), error);
          }
        }),
      );
      return results;
    },
    close: () => cluster.close(),
  };
}
