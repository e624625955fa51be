// Which programs tests, benchmarks and the launcher run, as the environment and the root's `.env` say.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { projectRoot } from './paths.ts';
import { Problem } from './process/problem.ts';

/** The versions of Kafka that the pipeline is tested on. */
export const kafkaVersions = ['4.4.0', '4.3.1'] as const;
/** The Kafka of `npm start`, of tests and of benchmarks, unless KAFKA_VERSION says otherwise. */
export const defaultKafkaVersion: KafkaVersion = kafkaVersions[0];
/** A version that the pipeline refuses, for the test that it does. */
export const refusedKafkaVersion = '3.9.2';
/** A version that can be fetched: `packages/testbed` has the hashes of its jars. */
export type KafkaVersion = (typeof kafkaVersions)[number] | typeof refusedKafkaVersion;

/** The variables, for the schema of a program that has more. */
export const toolVariables = {
  MONGOD_BINARY: z.string().optional().describe('The mongod to run, instead of looking for one'),
  JAVA_HOME: z.string().optional().describe('The Java to run Kafka with, instead of the one on the PATH'),
  CHROMIUM_PATH: z
    .string()
    .optional()
    .describe('Tests of the page: the Chromium to run, instead of looking for one'),
  KAFKA_VERSION: z
    .enum(kafkaVersions)
    .optional()
    .describe(
      `The version of Kafka and Kafka Connect: ${kafkaVersions.join(' or ')}; unset, the first. It cannot read data of a newer one`,
    ),
  TEST_CONTAINERS: z
    .enum(['0', '1'])
    .optional()
    .describe('Integration tests: 1 insists on containers, 0 does without, unset takes what can be had'),
};

const schema = z.object(toolVariables);

/** What {@link readTools} has read; what is not there is looked for. */
export type Tools = z.output<typeof schema>;

/**
 * Reads the variables: the environment wins over `.env`. Nothing else of `.env` is for tests and benchmarks:
 * it is about the stack of `npm start`.
 * @throws Problem that names each variable that is wrong.
 */
export function readTools(): Tools {
  const file = join(projectRoot, '.env');
  const written = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const names = Object.keys(toolVariables);
  const parsed = schema.safeParse(
    Object.fromEntries(names.map((name) => [name, process.env[name] || written[name] || undefined])),
  );
  if (!parsed.success) throw new Problem(z.prettifyError(parsed.error));
  return parsed.data;
}

/** The Kafka to run: of KAFKA_VERSION, or the default. @throws Problem as {@link readTools} does. */
export function chosenKafkaVersion(): KafkaVersion {
  return readTools().KAFKA_VERSION ?? defaultKafkaVersion;
}
