// A real broker's answer to a write says when it was appended.
import { openTopicWriter } from '@activity/kafka';
import { servers } from '@activity/testbed/testing';
import { createLogger } from '@activity/service';
import { expect, test } from 'vitest';
import { createTopic } from '../edge.fixture.ts';
import { BrokerClock } from './broker-clock.ts';
import { EventWriter } from './event-writer.ts';
import { rawTopic } from './raw-topic.ts';
import { write } from './write.fixture.ts';

test('an edge whose clock is an hour ahead learns it from its writes', async () => {
  const { kafka } = servers();
  const topic = `clock-${Date.now()}`;
  await createTopic(kafka, topic, 2);
  const logger = createLogger('test', 'silent');
  const clock = new BrokerClock({ logger, now: () => Date.now() + 3_600_000 });
  const topicWriter = openTopicWriter({
    brokers: [kafka],
    topic,
    clientId: 'clock',
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 10_000,
  });
  const written = rawTopic(topic, topicWriter, clock);
  const writer = new EventWriter({ topic: written, logger, deadlineMs: 20_000, maxWaitingBytes: 1_000_000 });
  for (let count = 0; count < 3; count++) {
    const result = await write(writer, { key: 'k', value: '{}', timestamp: clock.now() });
    expect(result.kind).toBe('written');
  }
  await writer.close();
  expect(clock.warning).toMatch(/^the clock of this machine is (3599|3600) s ahead of the broker’s/);
});
