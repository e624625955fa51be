// Errors, as users' code sees them: the remedies of the Kafka client are those of an application.
export {
  FatalError,
  RejoinError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
} from '@activity/kafka/core';
export type { StreamsErrorCode } from '@activity/kafka/core';
