// What has to be there before the services: `main.ts topics` makes the topics, `main.ts secrets` passwords,
// `main.ts replica-set` MongoDB's replica set and its users.
import { topicsOf } from '@activity/contracts';
import { createLogger, kafkaSecurityOf, reasonOf, untilDone } from '@activity/service';
import { readConfig } from '../config.ts';
import { createTopics } from './create-topics.ts';
import { initiateReplicaSet, initiateSecured, replicaSetOf } from './initiate-replica-set.ts';
import { makeSecrets, passwordIn } from './secrets.ts';

const config = readConfig();
const logger = createLogger('setup', config.LOG_LEVEL);
const waiting = {
  withinMs: config.SETUP_WITHIN_SECONDS * 1_000,
  onFailure: (error: unknown) => {
    logger.warn({ reason: reasonOf(error) }, 'the step failed: retrying');
  },
};

async function run(step: string | undefined): Promise<number> {
  switch (step) {
    case 'topics': {
      const { made, altered } = await untilDone(
        () =>
          createTopics({
            brokers: config.KAFKA_BROKERS,
            security: kafkaSecurityOf(config),
            topics: topicsOf(config),
            partitions: config.TOPIC_PARTITIONS,
            replicas: config.TOPIC_REPLICAS,
          }),
        waiting,
      );
      logger.info({ made, altered }, 'the topics are there');
      return 0;
    }
    case 'replica-set': {
      const set = replicaSetOf(config.MONGODB_URI);
      const { SECRETS_DIR: secrets } = config;
      const outcome = await untilDone(
        () => (secrets === undefined ? initiateReplicaSet(set) : initiateSecured(set, passwordIn(secrets))),
        waiting,
      );
      logger.info({ ...set, outcome, users: secrets !== undefined }, 'the replica set has its primary');
      return 0;
    }
    case 'secrets': {
      const { SECRETS_DIR: secrets } = config;
      if (secrets === undefined) throw new Error('SECRETS_DIR names no folder to write them to');
      makeSecrets(secrets, config.MONGODB_URI);
      logger.info({ folder: secrets }, 'the secrets are there');
      return 0;
    }
    case undefined:
    default:
      logger.fatal({ step }, 'unknown step: it is topics, secrets or replica-set');
      return 2;
  }
}

// Signals end it at once: what it had begun, the next run finishes.
process.exitCode = await run(process.argv[2]).catch((error: unknown) => {
  logger.fatal({ err: error }, 'setup failed');
  return 1;
});
