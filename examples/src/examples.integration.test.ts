// The example readers read what is committed, and end when they are asked to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { Kafka, logLevel } from 'kafkajs';
import { expect, test, vi } from 'vitest';

test.each(['with-kafkajs', 'with-platformatic'])('%s', async (name) => {
  const topic = `examples-${name}`;
  const kafka = new Kafka({ brokers: [servers().kafka], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] });
  const transaction = await producer.transaction();
  const log = { _id: 0, userId: 'u', activityType: 'LOGIN', timestamp: '2026-01-02T03:04:05.678Z' };
  const messages = [log, { ...log, _id: 1024 }, { _id: 0, deletedAt: '2026-01-02T03:04:05.678Z', by: 2048 }];
  await transaction.send({
    topic,
    messages: messages.map((value) => ({ key: 'u', value: JSON.stringify(value) })),
  });
  await transaction.commit();
  const reader = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    env: { ...process.env, KAFKA_BROKERS: servers().kafka, KAFKA_ENRICHED_TOPIC: topic, GROUP_ID: topic },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let output = '';
    reader.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    await vi.waitFor(() => expect(output).toContain('0/2 0 deleted; 1 logs'), {
      timeout: 40_000,
      interval: 100,
    });
    reader.kill('SIGTERM');
    expect((await once(reader, 'exit'))[0]).toBe(0);
  } finally {
    reader.kill('SIGKILL');
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  }
});
