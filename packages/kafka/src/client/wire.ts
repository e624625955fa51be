// The requests: the wire calls of @platformatic/kafka under our names, and two of our own.
// The client exports its wire calls but does not promise them, so its version is pinned. The contract tests
// of the port run on a real broker and fail when an upgrade changes a call.
import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  apiVersionsV3,
  compressionsAlgorithms,
  compressionsAlgorithmsByBitmask,
  crc32c as clientCrc32c,
  createAPI,
  createTopicsV7,
  deleteGroupsV2,
  deleteRecordsV2,
  deleteTopicsV6,
  describeConfigsV4,
  describeGroupsV5,
  endTxnV3,
  findCoordinatorV6,
  heartbeatV4,
  initProducerIdV4,
  joinGroupV9,
  leaveGroupV5,
  listOffsetsV9,
  metadataV12,
  offsetCommitV9,
  offsetFetchV9,
  offsetForLeaderEpochV4,
  syncGroupV5,
  txnOffsetCommitV3,
  Writer,
  type API,
  type Connection,
  type Reader,
} from '@platformatic/kafka';
import { DynamicBuffer } from '@platformatic/dynamic-buffer';
import { RetriableError } from '../errors.ts';
import type { Operation } from '../rights.ts';
import type { AbortedTransaction } from '../format/read-batches.ts';
import { errorName } from './remedies.ts';
import type { ProducedBatch } from './port.ts';

interface ProduceTopic {
  name: string;
  partitions: { index: number; records: Buffer }[];
}

/** A partition's answer to a Produce request. */
export interface ProducedPartition extends ProducedBatch {
  topic: string;
  partition: number;
  /** The records of the batch that the broker refuses it for, counted from 0; empty where it names none. */
  refused: readonly number[];
}

/** A partition's part in a Fetch request. */
export interface FetchTopic {
  topicId: string;
  partitions: { partition: number; fetchOffset: number; lastFetchedEpoch: number }[];
}

/** A partition's answer to a Fetch request; `records` is the undecoded batches. */
export interface FetchAnswer {
  topicId: string;
  partition: number;
  error: string | null;
  highWatermark: number;
  endOffset: number;
  /** Where the log has other records than the leader epoch that was asked for; undefined where it has not. */
  divergesAt: number | undefined;
  aborted: AbortedTransaction[];
  records: Buffer;
}

function createProduceRequest(
  transactionalId: string | null,
  timeoutMs: number,
  topics: readonly ProduceTopic[],
): Writer {
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(-1)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (w, topic) => {
      w.appendString(topic.name).appendArray(topic.partitions, (w2, { index, records }) => {
        w2.appendInt32(index)
          .appendUnsignedVarInt(records.length + 1)
          .append(records);
      });
    })
    .appendTaggedFields();
}

function parseProduceResponse(
  _id: number,
  _key: number,
  _version: number,
  reader: Reader,
): ProducedPartition[] {
  const produced: ProducedPartition[] = [];
  reader.readArray((r) => {
    const topic = r.readString();
    r.readArray((p) => {
      const partition = p.readInt32();
      const error = errorName(p.readInt16());
      const baseOffset = Number(p.readInt64());
      const appendedAt = Number(p.readInt64());
      p.readInt64();
      const refused: number[] = [];
      p.readArray((e) => {
        refused.push(e.readInt32());
        e.readNullableString();
      });
      p.readNullableString();
      produced.push({ topic, partition, error, baseOffset, appendedAt, refused });
    });
  });
  return produced;
}

/**
 * The Produce request with ready-made batches: the client's own `send` makes several buffers for each record.
 */
const produceApi: API<[string | null, number, readonly ProduceTopic[]], ProducedPartition[]> = createAPI(
  0,
  11,
  createProduceRequest,
  parseProduceResponse,
);

function createFetchRequest(maxWaitMs: number, maxBytes: number, topics: readonly FetchTopic[]): Writer {
  return Writer.create()
    .appendInt32(maxWaitMs)
    .appendInt32(1)
    .appendInt32(maxBytes)
    .appendInt8(1)
    .appendInt32(0)
    .appendInt32(-1)
    .appendArray([...topics], (w, topic) => {
      w.appendUUID(topic.topicId).appendArray(topic.partitions, (w2, p) => {
        w2.appendInt32(p.partition)
          .appendInt32(-1)
          .appendInt64(BigInt(p.fetchOffset))
          .appendInt32(p.lastFetchedEpoch)
          .appendInt64(-1n)
          .appendInt32(1_048_576);
      });
    })
    .appendArray([], () => {})
    .appendString('')
    .appendTaggedFields();
}

function parseFetchResponse(_id: number, _key: number, _version: number, reader: Reader): FetchAnswer[] {
  reader.readInt32();
  const sessionError = errorName(reader.readInt16());
  if (sessionError) throw new RetriableError('BROKER_REFUSED', `fetching: ${sessionError}`);
  reader.readInt32();
  const answers: FetchAnswer[] = [];
  reader.readArray((r) => {
    const topicId = r.readUUID();
    const readPartition = (p: Reader): void => {
      const partition = p.readInt32();
      const error = errorName(p.readInt16());
      const highWatermark = Number(p.readInt64());
      const endOffset = Number(p.readInt64());
      p.readInt64();
      const aborted = p.readNullableArray((a) => ({
        producerId: a.readInt64(),
        firstOffset: Number(a.readInt64()),
      }));
      p.readInt32();
      const size = p.readUnsignedVarInt() - 1;
      const records = size > 0 ? p.buffer.slice(p.position, p.position + size) : Buffer.alloc(0);
      if (size > 0) p.skip(size);
      const divergesAt = readDivergence(p);
      const ends = { highWatermark, endOffset, divergesAt };
      answers.push({ topicId, partition, error, ...ends, aborted: aborted ?? [], records });
    };
    // Their tagged fields are read here, not passed over.
    r.readArray(readPartition, true, false);
  });
  return answers;
}

/** The tagged field of a partition that says where it diverges. */
const divergingEpoch = 0;

function readDivergence(reader: Reader): number | undefined {
  let divergesAt: number | undefined;
  for (let fields = reader.readUnsignedVarInt(); fields > 0; fields--) {
    const tag = reader.readUnsignedVarInt();
    const end = reader.readUnsignedVarInt() + reader.position;
    if (tag === divergingEpoch) {
      reader.readInt32();
      divergesAt = Number(reader.readInt64());
    }
    reader.skip(end - reader.position);
  }
  return divergesAt;
}

/**
 * Fetch with the batches left undecoded: the client's reader leaks aborted records and makes BigInts for
 * each.
 */
const fetchApi: API<[number, number, readonly FetchTopic[]], FetchAnswer[]> = createAPI(
  1,
  15,
  createFetchRequest,
  parseFetchResponse,
);

/** The wire calls the adapter is built on. AddPartitionsToTxn stays at 3: version 5 wants ClusterAction. */
export const wire: {
  addOffsetsToTxn: typeof addOffsetsToTxnV3.api;
  addPartitionsToTxn: typeof addPartitionsToTxnV3.api;
  createTopics: typeof createTopicsV7.api;
  deleteGroups: typeof deleteGroupsV2.api;
  deleteRecords: typeof deleteRecordsV2.api;
  deleteTopics: typeof deleteTopicsV6.api;
  describeConfigs: typeof describeConfigsV4.api;
  describeGroups: typeof describeGroupsV5.api;
  endTxn: typeof endTxnV3.api;
  fetch: typeof fetchApi;
  findCoordinator: typeof findCoordinatorV6.api;
  heartbeat: typeof heartbeatV4.api;
  initProducerId: typeof initProducerIdV4.api;
  joinGroup: typeof joinGroupV9.api;
  leaveGroup: typeof leaveGroupV5.api;
  listOffsets: typeof listOffsetsV9.api;
  metadata: typeof metadataV12.api;
  offsetCommit: typeof offsetCommitV9.api;
  offsetFetch: typeof offsetFetchV9.api;
  offsetForLeaderEpoch: typeof offsetForLeaderEpochV4.api;
  produce: typeof produceApi;
  syncGroup: typeof syncGroupV5.api;
  txnOffsetCommit: typeof txnOffsetCommitV3.api;
} = {
  addOffsetsToTxn: addOffsetsToTxnV3.api,
  addPartitionsToTxn: addPartitionsToTxnV3.api,
  createTopics: createTopicsV7.api,
  deleteGroups: deleteGroupsV2.api,
  deleteRecords: deleteRecordsV2.api,
  deleteTopics: deleteTopicsV6.api,
  describeConfigs: describeConfigsV4.api,
  describeGroups: describeGroupsV5.api,
  endTxn: endTxnV3.api,
  fetch: fetchApi,
  findCoordinator: findCoordinatorV6.api,
  heartbeat: heartbeatV4.api,
  initProducerId: initProducerIdV4.api,
  joinGroup: joinGroupV9.api,
  leaveGroup: leaveGroupV5.api,
  listOffsets: listOffsetsV9.api,
  metadata: metadataV12.api,
  offsetCommit: offsetCommitV9.api,
  offsetFetch: offsetFetchV9.api,
  offsetForLeaderEpoch: offsetForLeaderEpochV4.api,
  produce: produceApi,
  syncGroup: syncGroupV5.api,
  txnOffsetCommit: txnOffsetCommitV3.api,
};

/** What each call needs the right to do. */
export const operations: ReadonlyMap<unknown, Operation> = new Map<unknown, Operation>([
  [wire.addOffsetsToTxn, 'Read'],
  [wire.addPartitionsToTxn, 'Write'],
  [wire.createTopics, 'Create'],
  [wire.deleteGroups, 'Delete'],
  [wire.deleteRecords, 'Delete'],
  [wire.deleteTopics, 'Delete'],
  [wire.describeConfigs, 'DescribeConfigs'],
  [wire.describeGroups, 'Describe'],
  [wire.endTxn, 'Write'],
  [wire.fetch, 'Read'],
  [wire.findCoordinator, 'Describe'],
  [wire.heartbeat, 'Read'],
  [wire.initProducerId, 'Write'],
  [wire.joinGroup, 'Read'],
  [wire.leaveGroup, 'Read'],
  [wire.listOffsets, 'Describe'],
  [wire.metadata, 'Describe'],
  [wire.offsetCommit, 'Read'],
  [wire.offsetFetch, 'Describe'],
  [wire.offsetForLeaderEpoch, 'Describe'],
  [wire.produce, 'Write'],
  [wire.syncGroup, 'Read'],
  [wire.txnOffsetCommit, 'Read'],
]);

/** The versions of each request that a broker supports, by the request's number. */
export type Versions = ReadonlyMap<number, { min: number; max: number }>;

/** What a broker supports. */
export interface Supported {
  versions: Versions;
  /** The newest level of the feature `metadata.version`; undefined where the broker has no such feature. */
  metadataVersion: number | undefined;
}

/** Asks a broker which requests it supports. */
export async function askVersions(connection: Connection): Promise<Supported> {
  const response = await apiVersionsV3.api.async(connection, 'activity-kafka', '0.1.0');
  const { apiKeys, supportedFeatures } = response;
  return {
    versions: new Map(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]),
    ),
    metadataVersion: supportedFeatures?.find(({ name }) => name === 'metadata.version')?.maxVersion,
  };
}

/** CRC-32C, as record batches carry it. The client copies bytes that are not in a buffer of its own kind. */
export function crc32c(bytes: Buffer): number {
  return clientCrc32c(new DynamicBuffer(bytes));
}

/** An LZ4 frame of blocks that do not depend on each other, as Kafka's own readers want it. */
export function lz4Compress(bytes: Buffer): Buffer {
  return compressionsAlgorithms.lz4.compressSync(bytes);
}

/** What unpacks snappy and LZ4; undefined for an algorithm that Kafka does not have. */
export function codecOf(algorithm: number): { decompressSync(bytes: Buffer): Buffer } | undefined {
  return compressionsAlgorithmsByBitmask[algorithm];
}
