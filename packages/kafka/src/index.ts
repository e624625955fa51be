// A Kafka client at the level of the wire protocol: everything that other packages may use, by name.
export { backoff } from './backoff.ts';
export type { BackoffRange } from './backoff.ts';
export { openTopicReader } from './client/topic-reader.ts';
export type { OffsetsByTopic, ReadRecord, TopicReader, TopicReaderOptions } from './client/topic-reader.ts';
export { encodeBatch, openTopicWriter } from './client/topic-writer.ts';
export type { ProducerIdentity, TopicWriter, TopicWriterOptions } from './client/topic-writer.ts';
export { addressOf } from './client/broker-address.ts';
export type { BrokerAddress } from './client/broker-address.ts';
export type { Credential, SaslOptions, SecurityOptions } from './client/security.ts';
export { partitionName } from './client/port.ts';
export type {
  CommitResult,
  CommitRequest,
  CommittedOffset,
  StableOffsets,
  CommitWriter,
  FetchedPartition,
  Fetcher,
  GroupHandler,
  GroupIdentity,
  GroupMember,
  GroupMemberDescription,
  GroupOptions,
  KafkaPort,
  MemberSubscription,
  NewTopic,
  Position,
  ProducedBatch,
  TopicDescription,
  TopicPartition,
  TopicSetting,
  WriterOptions,
} from './client/port.ts';
export { createKafka } from './client/wire-port.ts';
export type { KafkaOptions } from './client/wire-port.ts';
export {
  FatalError,
  RefusedRecordsError,
  RejoinError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
} from './errors.ts';
export type { RefusedFor, StreamsErrorCode, StreamsErrorOptions } from './errors.ts';
export type { Compression, Compressor } from './format/compression.ts';
export { BufferPool } from './format/buffer-pool.ts';
export { dataBytesOf, readKey, readValue } from './format/fetched-record.ts';
export { hashText, murmur2, partitionOf } from './format/murmur2.ts';
export { eachRecord } from './format/each-record.ts';
export { readBatches } from './format/read-batches.ts';
export { UnpackBudget } from './format/unpack-budget.ts';
export type { AbortedTransaction, Decompress, EpochStart } from './format/read-batches.ts';
export { recordBytes, RecordSlabs } from './format/encoded-records.ts';
export type { EncodedRecord, TextRecord } from './format/encoded-records.ts';
export { RecordBatches, sealBatch } from './format/record-batches.ts';
export type { BatchProducer, OpenBatch, PartitionBatches, TopicLimits } from './format/record-batches.ts';
export { deserialize } from './format/record.ts';
export type { Decoder, Header, RecordHeaders, Serialized, SourceRecord } from './format/record.ts';
