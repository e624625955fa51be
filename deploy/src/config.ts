// Every variable that the set-up steps read.
import { topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  hostList,
  integer,
  kafkaSecurityVariables,
  loadConfig,
  logLevel,
  mongoUri,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';

/** The set-up steps' variables. */
export const configSchema = z.object({
  ...topicVariables,
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers to start from, comma-separated'),
  ...kafkaSecurityVariables,
  TOPIC_PARTITIONS: integer(4, 1, 10_000).describe('Partitions of each topic that is made'),
  TOPIC_REPLICAS: integer(1, 1, 32).describe('Copies of each topic that is made'),
  MONGODB_URI: mongoUri('mongodb://127.0.0.1:27017/activity?replicaSet=rs0').describe(
    'MongoDB: the replica set to make, of the member that is named here',
  ),
  SECRETS_DIR: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of MongoDB’s passwords, which `secrets` writes and `replica-set` makes users of; unset: no passwords',
    ),
  SETUP_WITHIN_SECONDS: integer(120, 1, 3_600).describe('How long to wait for Kafka or MongoDB'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The set-up steps' configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema.superRefine(checkKafkaSecurity), environment);
}
