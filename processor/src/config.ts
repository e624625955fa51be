// Every variable that the processor reads.
import { topicVariables } from '@activity/contracts';
import { hostList, integer, loadConfig, logLevel, nodeEnv, portNumber } from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';

/** The processor's variables. */
export const configSchema = z.object({
  ...topicVariables,
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers, host:port, separated by commas'),
  KAFKA_GROUP_ID: z
    .string()
    .min(1)
    .default('consumer-service-group')
    .describe('Application id: the consumer group, and the prefix of internal topics'),
  STATE_DIR: z.string().min(1).default('.data/processor').describe('Folder for local state'),
  INSTANCE_ID: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,200}$/)
    .optional()
    .describe('A name of this instance, the same after a restart; made and kept in STATE_DIR unless set'),
  DEDUPE_HOURS: integer(24, 1, 24 * 30).describe('How long event ids are remembered, in hours of event time'),
  GRACE_MINUTES: integer(10, 0, 24 * 60).describe('How late an event may come to a window, in minutes'),
  COMMIT_INTERVAL_MS: integer(100, 1, 60_000).describe('Time between two commits, in milliseconds'),
  METRICS_PORT: portNumber(3002).describe('Port of /metrics, /livez and /readyz'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The processor's configuration. */
export type Config = z.output<typeof configSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(configSchema, environment);
}
