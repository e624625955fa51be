// A broker of before Kafka 4: the library, the edge and the processor name what they found and what they
// need.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultTopics } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { createStreams, StreamsBuilder, stringSerde } from '@activity/streams';
import { startBroker, type LocalServer } from '@activity/testbed';
import { refusedKafkaVersion } from '@activity/testbed/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService } from './testing/service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'activity-refused-kafka-'));
let broker: LocalServer;
let said: string;

beforeAll(async () => {
  broker = await startBroker({ kafkaVersion: refusedKafkaVersion });
  await ensureTopics(broker.address, defaultTopics, 2);
  const found = `the broker at ${broker.address} is of Kafka 3.9 (it knows metadata.version up to 21)`;
  said = `${found}; this client needs Kafka 4.x: brokers of 4.0 or newer`;
}, 400_000);

afterAll(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true });
});

test('an application does not start', async () => {
  const builder = new StreamsBuilder();
  builder.stream(defaultTopics.raw, { key: stringSerde, value: stringSerde }).foreach(() => {});
  const streams = createStreams({
    applicationId: 'refused',
    brokers: [broker.address],
    topology: builder.build(),
  });
  await expect(streams.start()).rejects.toThrowError(said);
  await streams.close();
});

test('the edge is not ready, and logs it', async () => {
  const edge = await startService('ingest', { KAFKA_BROKERS: broker.address });
  try {
    await expect.poll(edge.output, { timeout: 30_000 }).toContain(said);
    expect(await edge.readiness()).not.toBe(200);
    const posted = await fetch(`${edge.url}/api/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: 'ada', activityType: 'LOGIN' }),
    });
    expect(posted.status).toBe(503);
  } finally {
    await edge.stop();
  }
});

test('the processor is not ready, and logs it', async () => {
  const processor = await startService('processor', { KAFKA_BROKERS: broker.address, STATE_DIR: folder });
  try {
    await expect.poll(processor.output, { timeout: 60_000 }).toContain(said);
    expect(await processor.readiness()).not.toBe(200);
  } finally {
    await processor.stop();
  }
});
