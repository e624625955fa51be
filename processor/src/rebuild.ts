// `npm run rebuild`: lets the processor work everything out again from the raw topic, from its next start on.
import { createLogger, kafkaSecurityOf } from '@activity/service';
import { FatalError, resetApplication } from '@activity/streams';
import { readConfig } from './config.ts';
import { topologyOptions } from './topology-options.ts';

const config = readConfig();

try {
  const { offsets, topics } = await resetApplication({
    applicationId: config.KAFKA_GROUP_ID,
    topology: {
      url: new URL('topologies/activity.ts', import.meta.url),
      options: topologyOptions(config, createLogger('processor', config.LOG_LEVEL)),
    },
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
  });
  const state = topics.length === 0 ? 'there was no state' : `forgot ${topics.length} topics of its state`;
  console.log(`${config.KAFKA_GROUP_ID}: ${offsets ? 'forgot where it was' : 'it had not begun'}, ${state}`);
  console.log('The processor reads the raw topic from its beginning when it is started.');
} catch (error) {
  if (!(error instanceof FatalError)) throw error;
  console.error(error.message);
  if (error.code === 'GROUP_IN_USE')
    console.error(
      'Of the local stack the processor is not stopped alone: npm start -- --rebuild does it all.',
    );
  process.exitCode = 1;
}
