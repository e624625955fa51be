// What needs no connection: waits, errors, hashes and the format of records. It loads in a moment, unlike the
// client.
export { backoff } from './backoff.ts';
export type { BackoffRange } from './backoff.ts';
export {
  FatalError,
  RefusedRecordsError,
  RejoinError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
} from './errors.ts';
export type { RefusedFor, StreamsErrorCode, StreamsErrorOptions } from './errors.ts';
export { hashText, murmur2, partitionOf } from './format/murmur2.ts';
export { deserialize } from './format/record.ts';
export type { Decoder, Header, RecordHeaders, Serialized, SourceRecord } from './format/record.ts';
