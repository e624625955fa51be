// The launcher's configuration: ports and the data folder, from the environment and the root's `.env`.
import { resolve } from 'node:path';
import {
  defaultApplicationId,
  defaultConnectorPrefix,
  topicsOf,
  topicVariables,
  type RightsOptions,
  type Topics,
} from '@activity/contracts';
import { ConfigError, loadEnvFile, parseConfig, portNumber, type Environment } from '@activity/service';
import { toolVariables } from '@activity/testbed/tools';
import { z } from 'zod';
import { projectRoot } from '@activity/testbed/paths';
import { Problem } from '@activity/testbed/process/problem';

/** The launcher's variables. */
export const configSchema = z.object({
  INGEST_PORT: portNumber(3000).describe('HTTP port of the edge'),
  QUERY_PORT: portNumber(3001).describe('HTTP port of the query service'),
  PROCESSOR_METRICS_PORT: portNumber(3002).describe('Port of the processor: /metrics, /readyz'),
  CONNECT_SUPERVISOR_PORT: portNumber(3003).describe('Port of the connector supervisor: /metrics, /readyz'),
  KAFKA_PORT: portNumber(9092).describe('Port of the Kafka broker'),
  CONNECT_PORT: portNumber(8083).describe('Port of Kafka Connect'),
  MONGO_PORT: portNumber(27017).describe('Port of MongoDB'),
  DATA_DIR: z.string().default('.data').describe('Folder of all data and logs, from the root of the project'),
  ...toolVariables,
});

/** The launcher's configuration. */
export type Config = z.output<typeof configSchema>;

function parse(environment: Environment): Config {
  try {
    return parseConfig(configSchema, environment);
  } catch (error) {
    if (error instanceof ConfigError) throw new Problem(error.message, { cause: error });
    throw error;
  }
}

/**
 * Reads `.env` where there is one (the environment wins), then the environment.
 *
 * @throws Problem that names each variable that is wrong.
 */
export function readConfig(): Config {
  loadEnvFile();
  const config = parse(process.env);
  return { ...config, DATA_DIR: resolve(projectRoot, config.DATA_DIR) };
}

/** The names that the topics have, as every service reads them. */
export function readTopics(): Topics {
  return topicsOf(parseConfig(z.object(topicVariables), process.env));
}

/** The names that rights are about, as every service reads them. */
export function readRightsOptions(): Omit<RightsOptions, 'connectGroup'> {
  const names = parseConfig(
    z.object({
      ...topicVariables,
      KAFKA_GROUP_ID: z.string().default(defaultApplicationId),
      CONNECTOR_PREFIX: z.string().default(defaultConnectorPrefix),
    }),
    process.env,
  );
  return {
    topics: topicsOf(names),
    applicationId: names.KAFKA_GROUP_ID,
    connectorPrefix: names.CONNECTOR_PREFIX,
  };
}

/** Whether the query service is told what to sign sessions with. */
export function hasSessionKey(): boolean {
  return Boolean(process.env['SESSION_KEY'] || process.env['SESSION_KEY_FILE']);
}

/** Whether the edge and the query service are given keys to ask for. */
export function hasApiKeys(): boolean {
  return Boolean(process.env['API_KEYS_FILE']);
}

/**
 * When the bootstrap began, in epoch milliseconds, and how long its installing took; now and nothing without
 * one.
 */
export function readBootstrap(): { began: number; installMs: number } {
  const { ACTIVITY_BEGAN: began, ACTIVITY_INSTALL_MS: installMs } = process.env;
  return { began: Number(began ?? Date.now()), installMs: Number(installMs ?? 0) };
}
