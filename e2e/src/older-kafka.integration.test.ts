// The pipeline on the Kafka and the Kafka Connect of before: an event comes through the edge, the processor
// and the sink.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections, defaultTopics } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { startBroker, startConnect, startMongo } from '@activity/testbed';
import { defaultKafkaVersion, kafkaVersions } from '@activity/testbed/tools';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { postAll, samplePosts } from './testing/activity.ts';
import { startServices } from './testing/services-on.ts';

const older = kafkaVersions.filter((version) => version !== defaultKafkaVersion);

test.each(older)(
  'events come through the pipeline on Kafka %s, once each',
  async (kafkaVersion) => {
    const folder = mkdtempSync(join(tmpdir(), 'activity-older-kafka-'));
    try {
      await using broker = await startBroker({ kafkaVersion });
      await using mongo = await startMongo();
      await using connect = await startConnect({ kafkaVersion, brokers: broker.address });
      const root = (await (await fetch(connect.address)).json()) as { version: string };
      expect(root.version).toBe(kafkaVersion);
      await ensureTopics(broker.address, defaultTopics, 4);
      await using services = await startServices({ brokers: broker.address, mongo, connect, folder });
      const posts = samplePosts('older', 200);
      await postAll(services.edge.url, posts);
      await postAll(services.edge.url, posts.slice(0, 20));
      for (const { eventId, userId } of posts) {
        const found = `${services.edge.url}/api/logs/${eventId}?userId=${userId}&wait=10s`;
        await expect.poll(async () => (await fetch(found)).status, { timeout: 60_000 }).toBe(200);
      }
      const client = new MongoClient(mongo.address);
      const logs = client.db().collection(collections.logs);
      expect(await logs.countDocuments()).toBe(posts.length);
      await client.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  // Fetches the version at its first use.
  400_000,
);
