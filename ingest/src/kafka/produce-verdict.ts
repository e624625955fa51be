// What a broker's answer to a batch means for the batch and for the producer.
import { errorName } from './wire.ts';
import type { PartitionAnswer } from './wire.ts';

/**
 * What became of one partition's batch.
 * - `written`: it is in the topic on all in-sync replicas; `baseOffset` is unknown where the broker knew it
 *   as a repeat.
 * - `too-large`: refused whole; nothing of it was written, and its sequence numbers are free.
 * - `retry`: not written, or not known; sending the same bytes again is safe.
 * - `lost`: the producer's sequence is broken; only a new producer identity can go on.
 */
export type Verdict =
  | { kind: 'written'; baseOffset: number | undefined }
  | { kind: 'too-large' }
  | { kind: 'retry'; reason: string }
  | { kind: 'lost'; reason: string };

const errorCodes = {
  none: 0,
  messageTooLarge: 10,
  recordListTooLarge: 18,
  topicAuthorizationFailed: 29,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  unknownProducerId: 59,
  producerFenced: 90,
} as const;

/** Reads a partition's answer. Codes that are not named here are retried until the requests' deadline. */
export function verdictOf(answer: PartitionAnswer | undefined): Verdict {
  switch (answer?.errorCode) {
    case undefined:
      return { kind: 'retry', reason: 'the broker did not mention the partition' };
    case errorCodes.none:
      return { kind: 'written', baseOffset: Number(answer?.baseOffset) };
    case errorCodes.duplicateSequence:
      return { kind: 'written', baseOffset: undefined };
    case errorCodes.messageTooLarge:
    case errorCodes.recordListTooLarge:
      return { kind: 'too-large' };
    case errorCodes.outOfOrderSequence:
    case errorCodes.invalidProducerEpoch:
    case errorCodes.unknownProducerId:
    case errorCodes.producerFenced:
      return { kind: 'lost', reason: `the broker refuses it: ${errorName(answer?.errorCode ?? -1)}` };
    case errorCodes.topicAuthorizationFailed:
      return {
        kind: 'retry',
        reason: 'the broker refuses it: TOPIC_AUTHORIZATION_FAILED: grant the principal Write on this topic',
      };
    default:
      return { kind: 'retry', reason: `the broker refuses it: ${errorName(answer?.errorCode ?? -1)}` };
  }
}
