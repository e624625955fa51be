// What the tools of the command line read from the environment, and the servers that they need.
import { defaultApplicationId, topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  contact,
  hostList,
  kafkaSecurityVariables,
  loadConfig,
  mongoUri,
  toolEnvironment,
} from '@activity/service';
import type { Environment } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import { z } from 'zod';

const schema = z.object({
  ...topicVariables,
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers, host:port, separated by commas'),
  ...kafkaSecurityVariables,
  KAFKA_GROUP_ID: z.string().min(1).default(defaultApplicationId).describe("The processor's application id"),
  MONGODB_URI: mongoUri('mongodb://127.0.0.1:27017/activity?replicaSet=rs0').describe(
    'MongoDB, with the database',
  ),
});

/** Reads the configuration of a tool, or ends the process with all that is wrong with it. */
export function readToolConfig(environment: Environment = toolEnvironment()): z.output<typeof schema> {
  return loadConfig(schema.superRefine(checkKafkaSecurity), environment);
}

type ToolConfig = ReturnType<typeof readToolConfig>;

/** Makes sure that Kafka is there. @throws Error in one line where it is not */
export async function contactKafka(
  { KAFKA_BROKERS, KAFKA_TOPIC }: ToolConfig,
  reader: TopicReader,
): Promise<void> {
  await contact({
    name: 'Kafka',
    addresses: KAFKA_BROKERS,
    variable: 'KAFKA_BROKERS',
    ask: async () => reader.partitions(KAFKA_TOPIC),
  });
}

/** Makes sure that MongoDB is there. @throws Error in one line where it is not */
export async function contactMongo(
  { MONGODB_URI }: ToolConfig,
  connect: () => Promise<unknown>,
): Promise<void> {
  const hosts = /^mongodb:\/\/(?:[^@/]*@)?([^/?]+)/.exec(MONGODB_URI)?.[1]?.split(',') ?? [];
  await contact({
    name: 'MongoDB',
    addresses: hosts.map((host) => (/:\d+$/.test(host) ? host : `${host}:27017`)),
    variable: 'MONGODB_URI',
    ask: connect,
  });
}
