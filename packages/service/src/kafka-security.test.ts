import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkKafkaSecurity, kafkaSecurityOf, kafkaSecurityVariables } from './kafka-security.ts';
import { parseConfig, type Environment } from './load-config.ts';

const schema = z.object(kafkaSecurityVariables);
const ca = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----';

function securityOf(environment: Environment): unknown {
  return kafkaSecurityOf(parseConfig(schema.superRefine(checkKafkaSecurity), environment));
}

describe('Kafka’s security', () => {
  test('is none unless asked for', () => {
    expect(securityOf({})).toEqual({});
  });

  test.each([
    [{ KAFKA_TLS: 'true' }, { tls: {} }],
    [{ KAFKA_TLS: 'true', KAFKA_TLS_CA: ca }, { tls: { ca } }],
    [
      { KAFKA_SASL_USERNAME: 'ingest', KAFKA_SASL_PASSWORD: 'p' },
      { sasl: { mechanism: 'SCRAM-SHA-512', username: 'ingest', password: 'p' } },
    ],
  ])('%j', (environment, security) => {
    expect(securityOf(environment)).toEqual(security);
  });

  test.each([
    [{ KAFKA_TLS_CA: ca }, 'KAFKA_TLS: must be true'],
    [{ KAFKA_TLS: 'true', KAFKA_TLS_CA: '/ca.pem' }, 'KAFKA_TLS_CA: must be a certificate'],
    [{ KAFKA_SASL_USERNAME: 'ingest' }, 'KAFKA_SASL_PASSWORD: must be set'],
    [{ KAFKA_SASL_PASSWORD: 'p' }, 'KAFKA_SASL_USERNAME: must be set'],
    [
      { KAFKA_SASL_USERNAME: 'i', KAFKA_SASL_PASSWORD: 'p', KAFKA_SASL_MECHANISM: 'PLAIN' },
      'must not be PLAIN without TLS',
    ],
  ])('%j is refused: %s', (environment, message) => {
    expect(() => securityOf(environment)).toThrowError(message);
  });
});
