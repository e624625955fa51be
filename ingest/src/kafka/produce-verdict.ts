// What a broker's answer to a batch means for the batch and for the producer.
import type { ProducedBatch, StreamsError } from '@activity/kafka';

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

/** The producer's sequence is broken. */
const lost = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'UNKNOWN_PRODUCER_ID',
  'PRODUCER_FENCED',
]);

/** Reads a partition's answer. Errors that are not named here are retried until the requests' deadline. */
export function verdictOf(produced: ProducedBatch | StreamsError): Verdict {
  if (produced instanceof Error) return { kind: 'retry', reason: produced.message };
  const { error, baseOffset } = produced;
  switch (error) {
    case null:
      return { kind: 'written', baseOffset };
    case 'DUPLICATE_SEQUENCE_NUMBER':
      return { kind: 'written', baseOffset: undefined };
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return { kind: 'too-large' };
    case 'TOPIC_AUTHORIZATION_FAILED':
      return {
        kind: 'retry',
        reason: `the broker refuses it: ${error}: grant the principal Write on this topic`,
      };
    default:
      return { kind: lost.has(error) ? 'lost' : 'retry', reason: `the broker refuses it: ${error}` };
  }
}
