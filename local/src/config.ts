// The launcher's configuration: ports and the data folder, from the environment and the root's `.env`.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import {
  defaultApplicationId,
  defaultConnectorPrefix,
  topicsOf,
  topicVariables,
  type RightsOptions,
  type Topics,
} from '@activity/contracts';
import { ConfigError, loadEnvFile, parseConfig, portNumber, type Environment } from '@activity/service';
import { z } from 'zod';
import { projectRoot } from './paths.ts';
import { Problem } from './process/problem.ts';

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
  MONGOD_BINARY: z.string().optional().describe('The mongod to run, instead of looking for one'),
  JAVA_HOME: z.string().optional().describe('The Java to run Kafka with, instead of the one on the PATH'),
  CHROMIUM_PATH: z
    .string()
    .optional()
    .describe('Tests of the page: the Chromium to run, instead of looking for one'),
  TEST_CONTAINERS: z
    .enum(['0', '1'])
    .optional()
    .describe('Integration tests: 1 insists on containers, 0 does without, unset takes what can be had'),
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

const tools = ['MONGOD_BINARY', 'JAVA_HOME', 'CHROMIUM_PATH', 'TEST_CONTAINERS'] as const;

/**
 * What tests and benchmarks may be told too: which mongod, Java and Chromium to run, and whether to use
 * containers. Nothing else of `.env` is theirs: it is about the stack of `npm start`.
 */
export function readTools(): Pick<Config, (typeof tools)[number]> {
  const file = join(projectRoot, '.env');
  const written = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return parse(Object.fromEntries(tools.map((name) => [name, process.env[name] ?? written[name]])));
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
