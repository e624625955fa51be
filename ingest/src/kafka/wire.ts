// The Kafka requests that the edge makes. The only file that imports the client's wire calls, which are
// exported but not promised: hence the pinned version.
import { needing, type KafkaSecurity } from '@activity/service';
import {
  Connection,
  createAPI,
  initProducerIdV4,
  metadataV12,
  protocolErrorsCodesById,
  Writer,
} from '@platformatic/kafka';
import type { Reader } from '@platformatic/kafka';

/** One open connection to a broker. */
export type BrokerConnection = Connection;

/** Where a broker is. */
export interface BrokerAddress {
  host: string;
  port: number;
}

/**
 * How a connection is made. Times in milliseconds: a request that is not answered in time fails and closes
 * the connection.
 */
export interface ConnectOptions {
  connectTimeout: number;
  requestTimeout: number;
  security: KafkaSecurity;
}

/** What the cluster says about one topic. */
export interface TopicMetadata {
  brokers: ReadonlyMap<number, BrokerAddress>;
  /** The leader of each partition, by index; -1 where there is none. */
  leaders: readonly number[];
}

/** What the broker said to one partition's batch. */
export interface PartitionAnswer {
  errorCode: number;
  baseOffset: bigint;
  /** When the broker appended the batch, by its clock; -1 where the topic keeps the producer's time. */
  appendedAt: number;
}

/** Connects to a broker. */
export async function connect(
  address: BrokerAddress,
  { connectTimeout, requestTimeout, security }: ConnectOptions,
): Promise<BrokerConnection> {
  const connection = new Connection('activity-ingest', {
    connectTimeout,
    requestTimeout,
    maxInflights: 1,
    ...security,
  });
  connection.on('error', () => {}); // every call reports it as well
  await needing('a user', async () => connection.connect(address.host, address.port));
  return connection;
}

/** Asks for a topic's partitions and their leaders. */
export async function topicMetadata(connection: BrokerConnection, topic: string): Promise<TopicMetadata> {
  const response = await needing(`Write on topic ${topic}`, async () =>
    metadataV12.api.async(connection, [topic], false, false),
  );
  const leaders: number[] = [];
  for (const partition of response.topics[0]?.partitions ?? []) {
    leaders[partition.partitionIndex] = partition.leaderId;
  }
  return {
    brokers: new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])),
    leaders,
  };
}

/** A new producer identity, for idempotent writes. */
export async function initProducer(
  connection: BrokerConnection,
  topic: string,
): Promise<{ producerId: bigint; producerEpoch: number }> {
  const { producerId, producerEpoch } = await needing(`Write on topic ${topic}`, async () =>
    initProducerIdV4.api.async(connection, null, 60_000, -1n, -1),
  );
  return { producerId, producerEpoch };
}

/** Kafka's own name of an error. */
export function errorName(code: number): string {
  return protocolErrorsCodesById[code] ?? `error ${code}`;
}

const acksAll = -1;

const produceApi = createAPI<
  [topic: string, batches: ReadonlyMap<number, Buffer>, timeoutMs: number],
  Map<number, PartitionAnswer>
>(0, 11, produceRequest, produceAnswer);

/**
 * Writes one batch to each of some partitions of one leader, acks=all. Broker errors are in the answer, not
 * thrown.
 */
export async function produce(
  connection: BrokerConnection,
  topic: string,
  batches: ReadonlyMap<number, Buffer>,
  timeoutMs: number,
): Promise<Map<number, PartitionAnswer>> {
  return produceApi.async(connection, topic, batches, timeoutMs);
}

function produceRequest(topic: string, batches: ReadonlyMap<number, Buffer>, timeoutMs: number): Writer {
  return Writer.create()
    .appendString(null) // no transaction
    .appendInt16(acksAll)
    .appendInt32(timeoutMs)
    .appendArray([topic], (topicWriter, name) => {
      topicWriter.appendString(name).appendArray([...batches], (writer, [partition, batch]) => {
        writer
          .appendInt32(partition)
          .appendUnsignedVarInt(batch.length + 1)
          .append(batch);
      });
    })
    .appendTaggedFields();
}

function produceAnswer(
  _correlationId: number,
  _key: number,
  _version: number,
  reader: Reader,
): Map<number, PartitionAnswer> {
  const answers = new Map<number, PartitionAnswer>();
  reader.readArray(
    (topicReader) => {
      topicReader.readString();
      topicReader.readArray(
        (partitionReader) => {
          const index = partitionReader.readInt32();
          const errorCode = partitionReader.readInt16();
          const baseOffset = partitionReader.readInt64();
          const appendedAt = Number(partitionReader.readInt64());
          partitionReader.readInt64(); // log start offset
          partitionReader.readArray(
            (recordReader) => {
              recordReader.readInt32();
              recordReader.readNullableString();
              recordReader.readTaggedFields();
            },
            true,
            false,
          );
          partitionReader.readNullableString();
          partitionReader.readTaggedFields();
          answers.set(index, { errorCode, baseOffset, appendedAt });
        },
        true,
        false,
      );
      topicReader.readTaggedFields();
    },
    true,
    false,
  );
  return answers;
}
