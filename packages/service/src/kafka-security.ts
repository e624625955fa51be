// How Kafka is reached: in the open, or by TLS and SASL. The variables that every service with a Kafka client
// merges in.
import { z } from 'zod';

const mechanisms = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN'] as const;

/** Variables of TLS and SASL. */
export const kafkaSecurityVariables = {
  KAFKA_TLS: z.stringbool().default(false).describe('Whether Kafka is reached by TLS'),
  KAFKA_TLS_CA: z
    .string()
    .startsWith('-----BEGIN CERTIFICATE-----', 'must be a certificate in PEM')
    .optional()
    .describe(
      'The CA of the brokers’ certificates, in PEM, mostly as KAFKA_TLS_CA_FILE; unset: those that Node trusts',
    ),
  KAFKA_SASL_USERNAME: z
    .string()
    .min(1)
    .optional()
    .describe('The user to be in Kafka; unset: nobody in particular'),
  KAFKA_SASL_PASSWORD: z
    .string()
    .min(1)
    .optional()
    .describe('The user’s password, better as KAFKA_SASL_PASSWORD_FILE'),
  KAFKA_SASL_MECHANISM: z
    .enum(mechanisms)
    .default('SCRAM-SHA-512')
    .describe('SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN'),
};

/** Kafka's TLS and SASL, as @platformatic/kafka takes them. Empty where Kafka is open. */
export interface KafkaSecurity {
  tls?: { ca?: string };
  sasl?: { mechanism: (typeof mechanisms)[number]; username: string; password: string };
}

type Values = z.output<z.ZodObject<typeof kafkaSecurityVariables>>;

/** A check for the whole configuration: what belongs together is there together. */
export function checkKafkaSecurity(
  { KAFKA_TLS, KAFKA_TLS_CA, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SASL_MECHANISM }: Values,
  context: z.RefinementCtx,
): void {
  function refuse(variable: keyof Values, message: string): void {
    context.addIssue({ code: 'custom', path: [variable], message });
  }
  if (KAFKA_TLS_CA !== undefined && !KAFKA_TLS) refuse('KAFKA_TLS', 'must be true where KAFKA_TLS_CA is set');
  if (KAFKA_SASL_USERNAME !== undefined && KAFKA_SASL_PASSWORD === undefined)
    refuse('KAFKA_SASL_PASSWORD', 'must be set where KAFKA_SASL_USERNAME is');
  if (KAFKA_SASL_USERNAME === undefined && KAFKA_SASL_PASSWORD !== undefined)
    refuse('KAFKA_SASL_USERNAME', 'must be set where KAFKA_SASL_PASSWORD is');
  if (KAFKA_SASL_USERNAME !== undefined && KAFKA_SASL_MECHANISM === 'PLAIN' && !KAFKA_TLS)
    refuse('KAFKA_SASL_MECHANISM', 'must not be PLAIN without TLS: it sends the password as it is');
}

/** TLS and SASL out of a configuration that holds {@link kafkaSecurityVariables}. */
export function kafkaSecurityOf(values: Values): KafkaSecurity {
  const { KAFKA_TLS, KAFKA_TLS_CA, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SASL_MECHANISM } = values;
  return {
    ...(KAFKA_TLS && { tls: KAFKA_TLS_CA === undefined ? {} : { ca: KAFKA_TLS_CA } }),
    ...(KAFKA_SASL_USERNAME !== undefined &&
      KAFKA_SASL_PASSWORD !== undefined && {
        sasl: {
          mechanism: KAFKA_SASL_MECHANISM,
          username: KAFKA_SASL_USERNAME,
          password: KAFKA_SASL_PASSWORD,
        },
      }),
  };
}
