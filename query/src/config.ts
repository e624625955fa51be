// Every variable that the query service reads.
import { activityTypeVariables, topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  checkTls,
  hostList,
  httpUrl,
  httpUrlList,
  integer,
  kafkaSecurityVariables,
  keyVariables,
  loadConfig,
  logLevel,
  mongoUri,
  nodeEnv,
  optionalPort,
  portNumber,
  tlsVariables,
  trustVariables,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';

/** The query service's variables. */
export const configSchema = z.object({
  PORT: portNumber(3001).describe('HTTP port of the query service'),
  PROBE_PORT: optionalPort().describe(
    'A port for /livez, /readyz and /metrics alone, which clients cannot fill; unset: only PORT has them',
  ),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  ...tlsVariables,
  ...trustVariables,
  MONGODB_URI: mongoUri('mongodb://127.0.0.1:27017/activity?replicaSet=rs0').describe(
    'MongoDB, with the database to read',
  ),
  PROCESSOR_URLS: httpUrlList('http://127.0.0.1:3002').describe(
    'The processor’s instances (their METRICS_PORT), comma-separated: asked where an event is',
  ),
  SUPERVISOR_URL: httpUrl('http://127.0.0.1:3003').describe(
    'The connect supervisor (its METRICS_PORT): asked for lags, connectors and dead letters',
  ),
  STAGES_API_KEY: z
    .string()
    .min(1)
    .optional()
    .describe(
      'An API key with the scope read, to ask the processor and the supervisor with where they have API_KEYS_FILE, better as STAGES_API_KEY_FILE',
    ),
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe(
    'Kafka brokers, comma-separated, of which the catalogue of types is read; reads of logs need none',
  ),
  ...kafkaSecurityVariables,
  KAFKA_TYPES_TOPIC: topicVariables.KAFKA_TYPES_TOPIC,
  ...activityTypeVariables,
  ...keyVariables,
  SESSION_HOURS: integer(12, 1, 720).describe('How long a sign-in to the page lasts, in hours'),
  SESSION_KEY: z
    .string()
    .min(32)
    .optional()
    .describe(
      'What sign-ins are signed with, the same for all instances, better as SESSION_KEY_FILE; unset: they end when the process does',
    ),
  CURSOR_KEY: z
    .string()
    .min(16)
    .optional()
    .describe('What cursors are signed with, the same for all instances; made of MONGODB_URI unless set'),
  READ_TIMEOUT_MS: integer(5_000, 100, 60_000).describe(
    'How long a read may take in MongoDB, in milliseconds',
  ),
  SLOW_READ_MS: integer(200, 1, 60_000).describe('Reads that take longer are logged, in milliseconds'),
  EXPLAIN_EVERY_MS: integer(60_000, 0).describe(
    'How often each kind of read is explained, for metrics, in milliseconds; 0: never',
  ),
  MAX_POOL_SIZE: integer(50, 1, 1_000).describe('Connections to MongoDB for reads'),
  MAX_TAILS: integer(200, 0, 10_000).describe('Readers of the live tail at one time; more get 503'),
  MAX_EXPORTS: integer(16, 0, 1_000).describe('Exports at one time; more get 503'),
  MAX_UNREAD_BYTES: integer(16_777_216, 1_048_576).describe(
    'How much of pages of logs may wait to be read by clients, all together, in bytes; more get 503',
  ),
  STALLED_AFTER_MS: integer(30_000, 16_000, 600_000).describe(
    'A client that takes nothing of its answer is cut off after this time, or after twice as long at most, in milliseconds',
  ),
  MAX_CONNECTIONS: integer(2_000, 1, 1_000_000).describe('Connections at one time; more are closed at once'),
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The query service's configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema.superRefine(checkKafkaSecurity).superRefine(checkTls), environment);
}
