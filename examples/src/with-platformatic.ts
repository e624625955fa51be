// Reads the enriched logs with @platformatic/kafka, as its own consumer group.
import {
  Consumer,
  FetchIsolationLevels,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
} from '@platformatic/kafka';
import { LogTable } from './log.ts';

const { KAFKA_BROKERS = '127.0.0.1:9092', KAFKA_ENRICHED_TOPIC = 'user-activity-enriched' } = process.env;
const { GROUP_ID = 'example-platformatic' } = process.env;

const consumer = new Consumer({
  clientId: 'example',
  groupId: GROUP_ID,
  bootstrapBrokers: KAFKA_BROKERS.split(','),
  isolationLevel: FetchIsolationLevels.READ_COMMITTED,
});
const stream = await consumer.consume({
  topics: [KAFKA_ENRICHED_TOPIC],
  mode: MessagesStreamModes.COMMITTED,
  fallbackMode: MessagesStreamFallbackModes.EARLIEST,
  autocommit: 1_000,
});
const logs = new LogTable();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stream.close());
for await (const { partition, offset, value } of stream) {
  console.log(`${partition}/${offset}`, logs.put(value));
}
await consumer.close();
