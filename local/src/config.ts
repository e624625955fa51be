// The launcher's configuration: ports and the data folder, from the environment and the root's `.env`.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, parseConfig, portNumber } from '@activity/service';
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
});

/** The launcher's configuration. */
export type Config = z.output<typeof configSchema>;

/**
 * Reads `.env` where there is one (the environment wins), then the environment.
 *
 * @throws Problem that names each variable that is wrong.
 */
export function readConfig(): Config {
  const file = join(projectRoot, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
  try {
    const config = parseConfig(configSchema, process.env);
    return { ...config, DATA_DIR: resolve(projectRoot, config.DATA_DIR) };
  } catch (error) {
    if (error instanceof ConfigError) throw new Problem(error.message, { cause: error });
    throw error;
  }
}
