// The two services that this pipeline replaces, on the same broker and mongod: Express and kafkajs in front,
// kafkajs and mongoose behind. They have no batch: one event a request.
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from '@activity/testbed/testing/end-process';
import { Admin } from '@platformatic/kafka';
import { MongoClient } from 'mongodb';
import { cpuOf, perEvent } from '../shared/cpu.ts';
import { startChild, type Child } from '../shared/child.ts';
import { serve } from '../shared/serve.ts';
import { eventOf, startBefore, type EventsOptions } from './events.ts';
import type { Stack } from './stack.ts';
import { startSender } from './start-sender.ts';
import { differences, logLine, sumsOf } from './sums.ts';

/** What their run has found. Rates are a second, CPU is microseconds of one event. */
export interface OldRun {
  stored: number;
  acceptedRate: number;
  cpu: Record<string, number>;
  total: number;
  sender: number;
  wrong: string[];
}

const topic = 'bench-old-services';
const database = 'bench_old_services';
const patienceMs = 60_000;

async function createTopic(broker: string): Promise<void> {
  const admin = new Admin({ clientId: 'bench-pipeline', bootstrapBrokers: [broker] });
  await admin.createTopics({ topics: [topic], partitions: 4, replicas: 1 });
  await admin.close();
}

async function startConsumer(brokers: string, mongodb: string): Promise<Child> {
  const env = { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, MONGODB_URI: mongodb, NODE_ENV: 'production' };
  const child = startChild(join(import.meta.dirname, 'old-consumer.ts'), [], env);
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the old consumer ended before it was ready');
    }),
  ]);
  return child;
}

/** Sends the same events one by one, and waits until the consumer has stored them. */
export async function runOldServices(
  stack: Stack,
  { count, users }: Omit<EventsOptions, 'start'>,
): Promise<OldRun> {
  const brokers = stack.kafka;
  await createTopic(brokers);
  const mongodb = stack.mongodb.replace(/\/[^/?]*\?/, `/${database}?`);
  const client = await new MongoClient(mongodb).connect();
  const consumer = await startConsumer(brokers, mongodb);
  const producer = await serve(join(import.meta.dirname, '..', 'shared', 'express-kafkajs.ts'), {
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC: topic,
    NODE_ENV: 'production',
  });
  const events: EventsOptions = { count, users, start: startBefore(Date.now()) };
  const sender = await startSender({ ...events, port: producer.port, batch: 1, connections: 32 });
  try {
    const logs = client.db().collection('logs');
    const { mongodb: mongod, kafka } = stack.pids();
    const pids = { mongodb: mongod, kafka, producer: producer.pid, consumer: consumer.pid ?? 0 };
    const before = cpuOf(pids);
    const sent = await sender.send();
    const gaveUp = Date.now() + patienceMs;
    while ((await logs.estimatedDocumentCount()) < count && Date.now() < gaveUp) await sleep(100);
    const ended = Date.now();
    const cpu = perEvent(before, cpuOf(pids), count);

    const found = new Map<string, string>();
    for await (const { eventId, userId, activityType, timestamp } of logs.find())
      found.set(String(eventId), logLine(userId, activityType, timestamp as Date));
    const sums = sumsOf(Array.from({ length: count }, (_, index) => eventOf(index, events)));
    return {
      stored: Math.round((count / (ended - sent.began)) * 1_000),
      acceptedRate: Math.round((count / (sent.ended - sent.began)) * 1_000),
      cpu,
      total: Object.values(cpu).reduce((all, one) => all + one, 0),
      sender: sent.cpu / count,
      wrong: [
        ...sent.unexpected.map((answer) => `the old producer returned ${answer}`),
        ...differences('logs of the old services', sums.logs, found),
      ],
    };
  } finally {
    sender.stop();
    await Promise.all([producer.stop(), endProcess(consumer)]);
    await client.close();
  }
}
