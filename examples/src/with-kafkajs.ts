// Reads the enriched logs with kafkajs, as its own consumer group. It stores by `_id`, since kafkajs may hand
// out a record of an aborted transaction before the same one is committed.
import { Kafka } from 'kafkajs';
import { LogTable } from './log.ts';

const { KAFKA_BROKERS = '127.0.0.1:9092', KAFKA_ENRICHED_TOPIC = 'user-activity-enriched' } = process.env;
const { GROUP_ID = 'example-kafkajs' } = process.env;

const kafka = new Kafka({ clientId: 'example', brokers: KAFKA_BROKERS.split(',') });
const consumer = kafka.consumer({ groupId: GROUP_ID, readUncommitted: false });
const logs = new LogTable();

await consumer.connect();
await consumer.subscribe({ topics: [KAFKA_ENRICHED_TOPIC], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ partition, message }) => {
    if (message.value) console.log(`${partition}/${message.offset}`, logs.put(message.value));
    await Promise.resolve();
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.disconnect());
