// Remedies: which of our errors a broker's or the client's error becomes, and so what is done about it.
import { describe, expect, test } from 'vitest';
import { FatalError, RejoinError, RetriableError, type StreamsError } from '../errors.ts';
import { brokerErrors, remedyOf, remedyOfName } from './remedies.ts';

describe('a broker’s error', () => {
  test.each<[string, typeof StreamsError, string]>([
    ['NOT_LEADER_OR_FOLLOWER', RetriableError, 'BROKER_REFUSED'],
    ['NOT_ENOUGH_REPLICAS', RetriableError, 'BROKER_REFUSED'],
    ['CONCURRENT_TRANSACTIONS', RetriableError, 'BROKER_REFUSED'],
    ['UNSTABLE_OFFSET_COMMIT', RetriableError, 'BROKER_REFUSED'],
    ['COORDINATOR_LOAD_IN_PROGRESS', RetriableError, 'BROKER_REFUSED'],
    ['SOME_ERROR_OF_THE_FUTURE', RetriableError, 'BROKER_REFUSED'],
    ['ILLEGAL_GENERATION', RejoinError, 'GENERATION_STALE'],
    ['UNKNOWN_MEMBER_ID', RejoinError, 'GENERATION_STALE'],
    ['REBALANCE_IN_PROGRESS', RejoinError, 'GENERATION_STALE'],
    ['FENCED_INSTANCE_ID', RejoinError, 'GENERATION_STALE'],
    ['PRODUCER_FENCED', RejoinError, 'PRODUCER_FENCED'],
    ['INVALID_PRODUCER_EPOCH', RejoinError, 'PRODUCER_FENCED'],
    ['INVALID_TXN_STATE', RejoinError, 'PRODUCER_FENCED'],
    ['TRANSACTION_ABORTABLE', RejoinError, 'PRODUCER_FENCED'],
    ['MESSAGE_TOO_LARGE', FatalError, 'RECORD_TOO_LARGE'],
    ['TOPIC_AUTHORIZATION_FAILED', FatalError, 'NOT_AUTHORIZED'],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', FatalError, 'NOT_AUTHORIZED'],
    ['GROUP_AUTHORIZATION_FAILED', FatalError, 'NOT_AUTHORIZED'],
    ['SASL_AUTHENTICATION_FAILED', FatalError, 'NOT_AUTHORIZED'],
    ['INVALID_TRANSACTION_TIMEOUT', FatalError, 'BROKER_REFUSED'],
    ['INVALID_SESSION_TIMEOUT', FatalError, 'BROKER_REFUSED'],
    ['INCONSISTENT_GROUP_PROTOCOL', FatalError, 'BROKER_REFUSED'],
    ['INVALID_RECORD', FatalError, 'BROKER_REFUSED'],
  ])('%s becomes a %o with %s', (name, kind, code) => {
    const error = remedyOfName(name, 'doing something to topic t');
    expect(error).toBeInstanceOf(kind);
    expect(error.code).toBe(code);
    expect(error.message).toContain(`doing something to topic t: ${name}`);
  });

  test.each([
    ['TOPIC_AUTHORIZATION_FAILED', 'grant the principal this right on this topic'],
    ['MESSAGE_TOO_LARGE', "write smaller values, or raise the topic's max.message.bytes"],
  ])('%s names its remedy: %s', (name, remedy) => {
    expect(remedyOfName(name, 'producing to t-0').message).toBe(`producing to t-0: ${name}; ${remedy}`);
  });
});

describe('a client’s error', () => {
  test('is looked through for the broker’s', () => {
    const inner = { apiId: 'ILLEGAL_GENERATION' };
    const error = Object.assign(new Error('failed 3 times'), {
      errors: [{ errors: [inner] }, { errors: 'none' }],
    });
    expect(brokerErrors(error)).toEqual(['ILLEGAL_GENERATION']);
    expect(remedyOf(error, 'beating')).toMatchObject({ code: 'GENERATION_STALE', cause: error });
  });

  test('is looked through for the broker’s in its causes too', () => {
    const cause = { message: 'SASL', cause: { errors: [{ apiId: 'SASL_AUTHENTICATION_FAILED' }] } };
    const error = Object.assign(new Error('Connection to x:1 failed.'), { cause });
    expect(remedyOf(error, 'asking for metadata')).toMatchObject({ code: 'NOT_AUTHORIZED' });
  });

  test.each<[string, Error, string]>([
    ['a timeout', new Error('Request timed out'), 'TIMED_OUT'],
    ['a broken connection', new Error('read ECONNRESET'), 'CONNECTION_LOST'],
    [
      'wrong credentials',
      Object.assign(new Error('no'), { code: 'PLT_KFK_AUTHENTICATION' }),
      'NOT_AUTHORIZED',
    ],
  ])('that is %s', (_what, error, code) => {
    expect(remedyOf(error, 'fetching')).toMatchObject({ code, message: `fetching: ${error.message}` });
  });

  test('that refuses a part of a request is a refusal, though the rest was only not attempted', () => {
    const errors = [{ apiId: 'OPERATION_NOT_ATTEMPTED' }, { apiId: 'TOPIC_AUTHORIZATION_FAILED' }];
    expect(remedyOf(Object.assign(new Error('x'), { errors }), 'adding')).toBeInstanceOf(FatalError);
  });

  test('that is a certificate that is not accepted is told at once', () => {
    const cause = Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
    const error = remedyOf(new Error('Connection to x:1 failed.', { cause }), 'asking for metadata');
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toContain("the broker's certificate is not accepted (SELF_SIGNED_CERT_IN_CHAIN)");
  });

  test('of ours stays as it is', () => {
    const ours = new RetriableError('TIMED_OUT', 'x');
    expect(remedyOf(ours, 'anything')).toBe(ours);
  });

  test.each([undefined, null, 'text', 5])('that is %j is one all the same', (thrown) => {
    expect(remedyOf(thrown, 'fetching')).toBeInstanceOf(RetriableError);
  });
});
