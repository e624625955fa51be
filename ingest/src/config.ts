// Every variable that the edge reads.
import { topicVariables } from '@activity/contracts';
import {
  hostList,
  integer,
  loadConfig,
  logLevel,
  nodeEnv,
  optionalHttpUrl,
  portNumber,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';

/** The edge's variables. */
export const configSchema = z.object({
  PORT: portNumber(3000).describe('HTTP port of the edge'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers to start from, comma-separated'),
  KAFKA_TOPIC: topicVariables.KAFKA_TOPIC,
  QUERY_URL: optionalHttpUrl().describe(
    'The query service, to which GET /api/* is forwarded; unset: not forwarded',
  ),
  MAX_EVENT_BYTES: integer(32_768, 256, 900_000).describe('Largest event, in bytes of its JSON'),
  ACK_DEADLINE_MS: integer(5_000, 100, 60_000).describe(
    'How long a request may wait for the broker, in milliseconds',
  ),
  MAX_WAITING_BYTES: integer(67_108_864, 65_536).describe(
    'Bytes that may wait for the broker before requests get 503',
  ),
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The edge's configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema, environment);
}
