// `npm run rebuild`: lets the processor work everything out again from the raw topic, from its next start on.
import { createLogger } from '@activity/service';
import { FatalError, resetApplication } from '@activity/streams';
import { readConfig } from './config.ts';
import { applicationOf } from './application.ts';

const config = readConfig();

try {
  const { offsets, topics } = await resetApplication(
    applicationOf(config, createLogger('processor', config.LOG_LEVEL)),
  );
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
