// Peer (c): the usual producer service: Express 5, helmet, cors, morgan,
// zod, and one awaited kafkajs send a request.
import { activityInput } from '@activity/contracts';
import cors from 'cors';
import express from 'express';
import helmet from 'helmet';
import { Kafka, logLevel } from 'kafkajs';
import morgan from 'morgan';

const kafka = new Kafka({ brokers: [process.env['KAFKA_BROKERS'] ?? ''], logLevel: logLevel.ERROR });
const producer = kafka.producer();
await producer.connect();

const app = express();
app.use(helmet());
app.use(cors());
app.use(morgan('combined'));
app.use(express.json());
app.get('/health', (_request, response) => {
  response.json({ status: 'ok' });
});
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 hands rejections on
app.post('/api/logs', async (request, response) => {
  const parsed = activityInput.safeParse(request.body);
  if (!parsed.success) {
    response.status(400).json({ error: 'Validation failed', details: parsed.error.issues });
    return;
  }
  const event = { ...parsed.data, timestamp: parsed.data.timestamp ?? new Date().toISOString() };
  await producer.send({
    topic: process.env['KAFKA_TOPIC'] ?? '',
    messages: [{ key: event.userId, value: JSON.stringify(event) }],
  });
  response.status(201).json({ success: true, message: 'Activity log published successfully' });
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
