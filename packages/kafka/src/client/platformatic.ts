// The only file that imports @platformatic/kafka: its wire calls under our names, with our errors.
// The wire calls are exported by the client but not promised, so its version is pinned; the port's contract
// tests on a real broker tell when an upgrade changes them.
import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  compressionsAlgorithmsByBitmask,
  Connection,
  crc32c as clientCrc32c,
  createAPI,
  createTopicsV7,
  deleteGroupsV2,
  deleteRecordsV2,
  deleteTopicsV6,
  describeConfigsV4,
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
  syncGroupV5,
  txnOffsetCommitV3,
  Writer,
  type API,
  type ConnectionOptions,
  type Reader,
} from '@platformatic/kafka';
import { FatalError, RejoinError, RetriableError, StreamsError } from '../errors.ts';
import { isRefusal, missingRight, refusedTopics, type Operation } from '../rights.ts';
import type { AbortedTransaction } from '../format/read-batches.ts';

/**
 * TLS and SASL settings, as the client takes them.
 * @example { tls: {}, sasl: { mechanism: 'SCRAM-SHA-512', username: 'app', password } }
 */
export type SecurityOptions = Pick<ConnectionOptions, 'tls' | 'sasl' | 'tlsServerName'>;

interface ProduceTopic {
  name: string;
  partitions: { index: number; records: Buffer }[];
}

/** A partition's answer to a Produce request. */
export interface ProducedPartition {
  topic: string;
  partition: number;
  error: string | null;
  baseOffset: number;
}

/** A partition's part in a Fetch request. */
export interface FetchTopic {
  topicId: string;
  partitions: { partition: number; fetchOffset: number }[];
}

/** A partition's answer to a Fetch request; `records` is the undecoded batches. */
export interface FetchAnswer {
  topicId: string;
  partition: number;
  error: string | null;
  endOffset: number;
  aborted: AbortedTransaction[];
  records: Buffer;
}

const errorNames: Record<number, string> = {
  1: 'OFFSET_OUT_OF_RANGE',
  2: 'CORRUPT_MESSAGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  10: 'MESSAGE_TOO_LARGE',
  17: 'INVALID_TOPIC_EXCEPTION',
  18: 'RECORD_LIST_TOO_LARGE',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  32: 'INVALID_TIMESTAMP',
  35: 'UNSUPPORTED_VERSION',
  44: 'POLICY_VIOLATION',
  45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  47: 'INVALID_PRODUCER_EPOCH',
  48: 'INVALID_TXN_STATE',
  49: 'INVALID_PRODUCER_ID_MAPPING',
  53: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  59: 'UNKNOWN_PRODUCER_ID',
  74: 'FENCED_LEADER_EPOCH',
  75: 'UNKNOWN_LEADER_EPOCH',
  87: 'INVALID_RECORD',
  90: 'PRODUCER_FENCED',
  100: 'UNKNOWN_TOPIC_ID',
  103: 'INCONSISTENT_TOPIC_ID',
  120: 'TRANSACTION_ABORTABLE',
};

function errorName(code: number): string | null {
  return code === 0 ? null : (errorNames[code] ?? `error ${code}`);
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
      p.readInt64();
      p.readInt64();
      p.readArray((e) => {
        e.readInt32();
        e.readNullableString();
      });
      p.readNullableString();
      produced.push({ topic, partition, error, baseOffset });
    });
  });
  return produced;
}

/** The Produce request with ready-made batches: the client's own `send` makes several buffers for each record. */
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
          .appendInt32(-1)
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
    r.readArray((p) => {
      const partition = p.readInt32();
      const error = errorName(p.readInt16());
      p.readInt64();
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
      answers.push({ topicId, partition, error, endOffset, aborted: aborted ?? [], records });
    });
  });
  return answers;
}

/** Fetch with the batches left undecoded: the client's reader leaks aborted records and makes BigInts for each. */
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
  produce: produceApi,
  syncGroup: syncGroupV5.api,
  txnOffsetCommit: txnOffsetCommitV3.api,
};

/** What each call needs the right to do. */
const operations = new Map<unknown, Operation>([
  [wire.addOffsetsToTxn, 'Read'],
  [wire.addPartitionsToTxn, 'Write'],
  [wire.createTopics, 'Create'],
  [wire.deleteGroups, 'Delete'],
  [wire.deleteRecords, 'Delete'],
  [wire.deleteTopics, 'Delete'],
  [wire.describeConfigs, 'DescribeConfigs'],
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
  [wire.produce, 'Write'],
  [wire.syncGroup, 'Read'],
  [wire.txnOffsetCommit, 'Read'],
]);

/** CRC-32C, as record batches carry it. */
export function crc32c(bytes: Buffer): number {
  return clientCrc32c(bytes);
}

/** Decompresses a batch's records. */
export function decompress(algorithm: number, bytes: Buffer): Buffer {
  const found = compressionsAlgorithmsByBitmask[algorithm];
  if (!found) throw new FatalError('BROKER_REFUSED', `unknown compression ${algorithm} in a record batch`);
  return found.decompressSync(bytes);
}

interface Api<Args extends unknown[], Answer> {
  async(connection: Connection, ...args: Args): Promise<Answer>;
}

/** Settings of a {@link Link}. Times in milliseconds. */
export interface LinkOptions {
  clientId: string;
  requestTimeoutMs: number;
  security: SecurityOptions;
}

/** One connection to one broker, opened when first used and again after it broke. */
export class Link {
  readonly host: string;
  readonly port: number;
  readonly #options: LinkOptions;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #closed = false;

  constructor(host: string, port: number, options: LinkOptions) {
    this.host = host;
    this.port = port;
    this.#options = options;
  }

  /** Sends one request; every rejection is a StreamsError that says what was being done. */
  async call<Args extends unknown[], Answer>(
    doing: string,
    api: Api<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    try {
      return await api.async(await this.#connected(), ...args);
    } catch (error) {
      throw remedyOf(error, doing, operations.get(api));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection?.close().catch(() => {});
    this.#connection = undefined;
  }

  async #connected(): Promise<Connection> {
    if (this.#closed) throw new RetriableError('CONNECTION_LOST', 'the connection was closed');
    if (this.#connection?.isConnected()) return this.#connection;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<Connection> {
    const connection = new Connection(this.#options.clientId, {
      requestTimeout: this.#options.requestTimeoutMs,
      connectTimeout: 5000,
      maxInflights: 64,
      ...this.#options.security,
    });
    connection.on('error', () => {});
    await connection.connect(this.host, this.port);
    this.#connection = connection;
    if (this.#closed) await connection.close();
    return connection;
  }
}

/** The client throws where one part of an answer is an error; the whole answer lies inside what it throws. */
export function partialAnswer<T>(error: unknown): T | undefined {
  const cause = error instanceof StreamsError ? error.cause : error;
  if (typeof cause === 'object' && cause !== null && 'response' in cause && cause.response) {
    return cause.response as T;
  }
  return undefined;
}

/** The broker's error names inside a client error. */
export function brokerErrors(error: unknown): string[] {
  const names: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('apiId' in value && typeof value.apiId === 'string') names.push(value.apiId);
    if ('errors' in value && Array.isArray(value.errors)) value.errors.forEach(visit);
    if ('cause' in value) visit(value.cause);
  };
  visit(error);
  return names;
}

const rejoin = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_TXN_STATE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'TRANSACTION_ABORTABLE',
]);

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** What the broker will refuse for ever: a setting or a record that it does not take. */
const mistakes = new Set([
  'GROUP_MAX_SIZE_REACHED',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_COMMIT_OFFSET_SIZE',
  'INVALID_GROUP_ID',
  'INVALID_RECORD',
  'INVALID_REQUEST',
  'INVALID_REQUIRED_ACKS',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_TRANSACTION_TIMEOUT',
  'OFFSET_METADATA_TOO_LARGE',
  'POLICY_VIOLATION',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
]);

/** What is known of a broker's error beside its name. */
export interface Circumstances {
  cause?: unknown;
  /** What was being done needs this right. */
  operation?: Operation | undefined;
  /** On these topics, where it is topics and known which. */
  topics?: readonly string[];
}

/** Our error for a broker's error name. */
export function remedyOfName(
  name: string,
  doing: string,
  { cause, operation, topics = [] }: Circumstances = {},
): StreamsError {
  const message = `${doing}: ${name}`;
  const options = { cause };
  if (name === 'SASL_AUTHENTICATION_FAILED') {
    return new FatalError('NOT_AUTHORIZED', `${message}; check the user name and the password`, options);
  }
  if (isRefusal(name)) {
    const remedy = missingRight(name, operation, topics);
    return new FatalError('NOT_AUTHORIZED', `${message}; ${remedy}`, options);
  }
  if (tooLarge.has(name)) {
    const remedy = "write smaller values, or raise the topic's max.message.bytes";
    return new FatalError('RECORD_TOO_LARGE', `${message}; ${remedy}`, options);
  }
  if (mistakes.has(name)) return new FatalError('BROKER_REFUSED', message, options);
  if (rejoin.has(name)) {
    const fenced = name.includes('PRODUCER') || name.includes('TXN') || name.includes('TRANSACTION');
    return new RejoinError(fenced ? 'PRODUCER_FENCED' : 'GENERATION_STALE', message, options);
  }
  return new RetriableError('BROKER_REFUSED', message, options);
}

/** OpenSSL's and Node's codes for a certificate that is not accepted. */
const distrusted = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/;

function distrustOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string' && distrusted.test(error.code)) return error.code;
  return 'cause' in error ? distrustOf(error.cause) : undefined;
}

/** Our error for whatever the client threw: what was being done, what happened, and by its class the remedy. */
export function remedyOf(error: unknown, doing: string, operation?: Operation): StreamsError {
  if (error instanceof StreamsError) return error;
  const names = brokerErrors(error);
  // Beside what is refused, the rest of a request is answered as not attempted, which would be tried again for ever.
  const name = names.find(isRefusal) ?? names[0];
  if (name) {
    const topics = refusedTopics(partialAnswer(error));
    return remedyOfName(name, doing, { cause: error, operation, topics });
  }
  const text = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'PLT_KFK_AUTHENTICATION' || code === 'PLT_KFK_USER') {
    return new FatalError('NOT_AUTHORIZED', `${doing}: ${text}`, { cause: error });
  }
  const distrust = distrustOf(error);
  if (distrust !== undefined) {
    const remedy =
      'check the CA that is trusted, and that the certificate is of this name and has not expired';
    return new FatalError(
      'CONFIGURATION_INVALID',
      `${doing}: the broker's certificate is not accepted (${distrust}); ${remedy}`,
      { cause: error },
    );
  }
  const timedOut = text.includes('timed out');
  return new RetriableError(timedOut ? 'TIMED_OUT' : 'CONNECTION_LOST', `${doing}: ${text}`, {
    cause: error,
  });
}
