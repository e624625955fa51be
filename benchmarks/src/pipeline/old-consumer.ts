// Peer: the usual consumer service: kafkajs, one message after the other, each stored by mongoose.
// It prints `ready` once it has its partitions.
import { Kafka, logLevel } from 'kafkajs';
import mongoose from 'mongoose';

const log = new mongoose.Schema(
  {
    userId: { type: String, required: true, index: true },
    activityType: { type: String, required: true, index: true },
    timestamp: { type: Date, required: true, index: true },
    eventId: String,
    metadata: mongoose.Schema.Types.Mixed,
  },
  { timestamps: true },
);
const Log = mongoose.model('Log', log);

await mongoose.connect(process.env['MONGODB_URI'] ?? '');
await Log.init();

const kafka = new Kafka({ brokers: [process.env['KAFKA_BROKERS'] ?? ''], logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: 'old-consumer' });
consumer.on(consumer.events.GROUP_JOIN, () => console.log('ready'));
await consumer.connect();
await consumer.subscribe({ topic: process.env['KAFKA_TOPIC'] ?? '', fromBeginning: true });
await consumer.run({
  async eachMessage({ message }) {
    await Log.create(JSON.parse(String(message.value)));
  },
});
