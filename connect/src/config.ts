// Every variable that the connect supervisor reads.
import { defaultApplicationId, defaultConnectorPrefix, topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  checkTls,
  hostList,
  httpUrl,
  integer,
  kafkaSecurityVariables,
  keyVariables,
  loadConfig,
  logLevel,
  mongoUri,
  nodeEnv,
  portNumber,
  tlsVariables,
  trustVariables,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';
import { filterIndexes } from './migrate.ts';

/** The supervisor's variables. */
export const configSchema = z.object({
  ...topicVariables,
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers, host:port, separated by commas'),
  ...kafkaSecurityVariables,
  KAFKA_GROUP_ID: z
    .string()
    .min(1)
    .default(defaultApplicationId)
    .describe('The processor’s application id, to tell how far it is'),
  CONNECT_URL: httpUrl('http://127.0.0.1:8083').describe("Kafka Connect's REST API"),
  CONNECT_USERNAME: z.string().min(1).optional().describe('Who to be there; unset: nobody'),
  CONNECT_PASSWORD: z
    .string()
    .min(1)
    .optional()
    .describe('The password there, better as CONNECT_PASSWORD_FILE'),
  MONGODB_URI: mongoUri('mongodb://127.0.0.1:27017/activity?replicaSet=rs0').describe(
    'MongoDB, with the database to fill; the worker connects with it too',
  ),
  SINK_MONGODB_USERNAME: z
    .string()
    .min(1)
    .optional()
    .describe('The user that the worker is in MongoDB; unset: the one of MONGODB_URI'),
  SINK_MONGODB_PASSWORD: z
    .string()
    .min(1)
    .optional()
    .describe(
      'That user’s password, percent-encoded; better where the worker finds it, such as ${file:/secrets/mongodb.properties:password}',
    ),
  CONNECTOR_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9_-]+$/, 'must be letters, digits, - and _')
    .default(defaultConnectorPrefix)
    .describe('What the names of the connectors begin with; two pipelines on one Connect cluster need two'),
  REGISTER_CONNECTORS: z
    .stringbool()
    .default(true)
    .describe(
      'Whether the connectors are registered here; false: an operator does it, here they are watched',
    ),
  SINK_TASKS_MAX: integer(2, 1, 64).describe('Tasks of each connector'),
  POLL_INTERVAL_MS: integer(2_000, 100, 60_000).describe(
    'How often the connectors are looked at, in milliseconds',
  ),
  WATCH_INTERVAL_MS: integer(5_000, 100, 60_000).describe(
    'How often Kafka’s topics and transactions are looked at, for metrics, in milliseconds',
  ),
  FRESHNESS_INTERVAL_MS: integer(1_000, 50, 60_000).describe(
    'How often it is looked up to which moment the collections are complete (asOf), in milliseconds; half as often while nothing is on its way',
  ),
  LEDGER_INTERVAL_MS: integer(300_000, 0).describe(
    'How often the ledger is balanced, for metrics, in milliseconds; 0: never',
  ),
  MARKER_TTL_SECONDS: integer(604_800, 60).describe('How long a delete marker stays in MongoDB, in seconds'),
  RECEIPT_TTL_DAYS: integer(400, 1, 24_000).describe(
    'How long receipts of erasures stay in MongoDB, in days',
  ),
  AUDIT_TTL_DAYS: integer(400, 1, 24_000).describe('How long lines of the audit stay in MongoDB, in days'),
  MINUTE_TTL_DAYS: integer(2, 1, 24_000).describe('How long counts of minutes stay in MongoDB, in days'),
  HOUR_TTL_DAYS: integer(400, 1, 24_000).describe(
    'How long counts of hours stay in MongoDB, in days; timelines of other time zones than UTC are made of them',
  ),
  DAY_TTL_DAYS: integer(730, 1, 24_000).describe('How long counts of days stay in MongoDB, in days'),
  LOG_FILTER_INDEXES: z
    .string()
    .transform((text) => (text.trim() === '' ? [] : text.split(',').map((part) => part.trim())))
    .pipe(z.array(z.enum(filterIndexes)))
    .default([...filterIndexes])
    .describe(
      'The filters of logs that have an index, comma-separated: each costs MongoDB a tenth of what a log does; a filter without one reads all logs of its time',
    ),
  METRICS_PORT: portNumber(3003).describe('Port of /metrics, /livez and /readyz'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  ...tlsVariables,
  ...trustVariables,
  API_KEYS_FILE: keyVariables.API_KEYS_FILE,
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The supervisor's configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema.superRefine(checkKafkaSecurity).superRefine(checkTls), environment);
}
