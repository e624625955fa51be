// Every variable that the query service reads.
import {
  integer,
  keyVariables,
  loadConfig,
  logLevel,
  mongoUri,
  nodeEnv,
  portNumber,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';

/** The query service's variables. */
export const configSchema = z.object({
  PORT: portNumber(3001).describe('HTTP port of the query service'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  MONGODB_URI: mongoUri('mongodb://127.0.0.1:27017/activity?replicaSet=rs0').describe(
    'MongoDB, with the database to read',
  ),
  ...keyVariables,
  READ_TIMEOUT_MS: integer(5_000, 100, 60_000).describe(
    'How long a read may take in MongoDB, in milliseconds',
  ),
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The query service's configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema, environment);
}
