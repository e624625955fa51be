// Every variable that the edge reads.
import { activityTypeVariables, defaultMinEventYear, topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  checkTls,
  compression,
  hostList,
  integer,
  kafkaSecurityVariables,
  keyVariables,
  loadConfig,
  logLevel,
  nodeEnv,
  optionalHttpUrl,
  optionalPort,
  portNumber,
  textList,
  tlsVariables,
  tracingVariables,
  trustVariables,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';
import { ProxyListError, proxyList } from './http/client-address.ts';
import { addressForms } from './http/sender.ts';

/** The edge's variables. */
export const configSchema = z.object({
  PORT: portNumber(3000).describe('HTTP port of the edge'),
  PROBE_PORT: optionalPort().describe(
    'A port for /livez, /readyz and /metrics alone, which clients cannot fill; unset: only PORT has them',
  ),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  ...tlsVariables,
  ...trustVariables,
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers to start from, comma-separated'),
  ...kafkaSecurityVariables,
  KAFKA_TOPIC: topicVariables.KAFKA_TOPIC,
  KAFKA_AUDIT_TOPIC: topicVariables.KAFKA_AUDIT_TOPIC,
  KAFKA_COMPRESSION: compression('gzip').describe(
    'How what it writes to the raw topic is compressed; kafkajs reads gzip, and lz4 and zstd only with a codec',
  ),
  KAFKA_TYPES_TOPIC: topicVariables.KAFKA_TYPES_TOPIC,
  ...activityTypeVariables,
  MIN_EVENT_YEAR: integer(defaultMinEventYear, 1970, 9999).describe(
    'The first year that an event’s timestamp may be in; an earlier one is refused: its clock was never set',
  ),
  QUERY_URL: optionalHttpUrl().describe(
    'The query service, to which GET /api/* is forwarded; unset: not forwarded',
  ),
  ...keyVariables,
  RATE_LIMIT_PER_KEY: integer(0, 0).describe('Events that one API key may send a second; 0: any number'),
  RATE_LIMIT_PER_ADDRESS: integer(0, 0).describe('Events that one address may send a second; 0: any number'),
  RATE_LIMIT_PUBLIC_PER_ADDRESS: integer(100, 0).describe(
    'Events that one address may send a second with public keys; 0: any number',
  ),
  SENDER_ADDRESS: z
    .enum(addressForms)
    .default('truncated')
    .describe(
      'What is kept of the address of who sends with a public key: truncated (IPv4 to its /24, IPv6 to its /48), full or none',
    ),
  SENDER_USER_AGENT: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true')
    .describe('Whether the user agent of who sends with a public key is kept'),
  RATE_LIMIT_BURST_SECONDS: integer(10, 1, 3_600).describe(
    'How many seconds’ worth of events may come at once',
  ),
  TRUSTED_PROXIES: textList()
    .superRefine(checkProxies)
    .describe('Addresses and networks whose X-Forwarded-For is believed, comma-separated'),
  CORS_ORIGINS: textList().describe(
    'Origins of web pages that may use the edge, comma-separated; *: every one',
  ),
  CORS_HEADERS: textList().describe(
    'Request headers that such pages may send besides those of keys, content and tracing, comma-separated',
  ),
  MAX_EVENT_BYTES: integer(32_768, 256, 900_000).describe('Largest event, in bytes of its JSON'),
  MAX_CONNECTIONS: integer(5_000, 1, 1_000_000).describe('Connections at one time; more are closed at once'),
  ACK_DEADLINE_MS: integer(5_000, 100, 60_000).describe(
    'How long a request may wait for the broker, in milliseconds',
  ),
  MAX_WAITING_BYTES: integer(16_777_216, 65_536).describe(
    'Memory that events may take while they wait for the broker, in bytes, before requests get 503',
  ),
  MAX_RECEIVED_BYTES: integer(16_777_216, 2_097_152).describe(
    'Bytes that the bodies of all requests in flight may hold before requests get 503; slow ones give way first',
  ),
  ...tracingVariables,
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The edge's configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema.superRefine(checkKafkaSecurity).superRefine(checkTls), environment);
}

function checkProxies(entries: string[], context: z.RefinementCtx): void {
  try {
    proxyList(entries);
  } catch (error) {
    if (!(error instanceof ProxyListError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
}
