// Which of our errors a broker's or the client's error becomes: its class says what is done about it.
import { protocolErrorsCodesById } from '@platformatic/kafka';
import { FatalError, RejoinError, RetriableError, StreamsError } from '../errors.ts';
import { isRefusal, missingRight, refusedTopics, type Operation } from '../rights.ts';

/** The name of a broker's error code; null for 0, which is none. */
export function errorName(code: number): string | null {
  return code === 0 ? null : (protocolErrorsCodesById[code] ?? `error ${code}`);
}

/** The client throws where one part of an answer is an error; the whole answer is inside what it throws. */
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

/** What this client asks of brokers. */
export const brokersNeeded = 'this client needs Kafka 4.x: brokers of 4.0 or newer';

/** The first level of `metadata.version` that each release before Kafka 4 has, the newest first. */
const releasesBefore4: readonly (readonly [level: number, release: string])[] = [
  [21, '3.9'],
  [20, '3.8'],
  [15, '3.7'],
  [12, '3.6'],
  [9, '3.5'],
  [8, '3.4'],
  [4, '3.3'],
  [1, '3.0 to 3.2'],
];
/** The last level of Kafka 4.0. Brokers of 3.9 know some of the earlier levels of 4.0. */
const lastOf40 = 25;

/** The release of a broker that is older than Kafka 4, by the newest `metadata.version` that it knows. */
export function releaseBefore4(metadataVersion: number | undefined): string | undefined {
  if (metadataVersion === undefined || metadataVersion >= lastOf40) return undefined;
  return releasesBefore4.find(([first]) => metadataVersion >= first)?.[1];
}

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
  if (name === 'UNSUPPORTED_VERSION')
    return new FatalError('BROKER_REFUSED', `${message}; ${brokersNeeded}`, options);
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

/**
 * Our error for whatever the client threw: what was being done, what happened, and by its class the remedy.
 */
export function remedyOf(error: unknown, doing: string, operation?: Operation): StreamsError {
  if (error instanceof StreamsError) return error;
  const names = brokerErrors(error);
  // Beside what is refused, the rest of a request is answered as not attempted, which would be tried again
  // for ever.
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
