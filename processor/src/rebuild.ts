// `npm run rebuild`: lets the processor work everything out again from the raw topic, from its next start on.
import { contact, createLogger, readArguments, runTool, toolEnvironment } from '@activity/service';
import { FatalError, openTopicReader, resetApplication } from '@activity/streams';
import { readConfig } from './config.ts';
import { applicationOf, readableDatabase } from './application.ts';

readArguments({
  usage: `npm run rebuild

Lets the processor forget what it has worked out: from its next start on it reads the raw topic from its beginning. Every
instance must be stopped before. Of the local stack, npm start -- --rebuild does it all.`,
});
const config = readConfig(toolEnvironment());

async function main(): Promise<void> {
  const logger = createLogger('processor', config.LOG_LEVEL);
  const application = applicationOf(config, { geoDatabase: readableDatabase(config.GEO_DATABASE, logger) });
  const reader = openTopicReader({ ...application, clientId: 'activity-rebuild' });
  try {
    await contact({
      name: 'Kafka',
      addresses: config.KAFKA_BROKERS,
      variable: 'KAFKA_BROKERS',
      ask: async () => reader.partitions(config.KAFKA_TOPIC),
    });
  } finally {
    await reader.close();
  }
  const { offsets, topics } = await resetApplication(application).catch((error: unknown) => {
    if (!(error instanceof FatalError) || error.code !== 'GROUP_IN_USE') throw error;
    const advice =
      'Of the local stack the processor is not stopped alone: npm start -- --rebuild does it all.';
    throw new Error(`${error.message}\n${advice}`, { cause: error });
  });
  const state = topics.length === 0 ? 'there was no state' : `forgot ${topics.length} topics of its state`;
  console.log(`${config.KAFKA_GROUP_ID}: ${offsets ? 'forgot where it was' : 'it had not begun'}, ${state}`);
  console.log('The processor reads the raw topic from its beginning when it is started.');
}

await runTool(main);
