// What the tools of the command line read from the environment.
import { defaultApplicationId, topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  hostList,
  kafkaSecurityVariables,
  loadConfig,
  mongoUri,
} from '@activity/service';
import type { Environment } from '@activity/service';
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
export function readToolConfig(environment: Environment = process.env): z.output<typeof schema> {
  return loadConfig(schema.superRefine(checkKafkaSecurity), environment);
}
