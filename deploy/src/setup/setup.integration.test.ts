// The set-up steps on a real broker and a real MongoDB: the first run makes what is missing, the second
// changes nothing.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { defaultTopics, readSettings, settingProblem, topicSpecs } from '@activity/contracts';
import { startBroker, startMongo } from '@activity/testbed';
import { ConfigResourceTypes, Admin } from '@platformatic/kafka';
import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { createTopics } from './create-topics.ts';
import { initiateReplicaSet, replicaSetOf } from './initiate-replica-set.ts';

const patience = { timeout: 20_000, interval: 200 };

function adminOf(broker: string): Admin & AsyncDisposable {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker] });
  return Object.assign(admin, { [Symbol.asyncDispose]: async () => admin.close() });
}

test('makes the topics that are missing, with their settings', async () => {
  await using broker = await startBroker();
  const options = { brokers: [broker.address], topics: defaultTopics, partitions: 3, replicas: 1 };
  expect((await createTopics(options)).made.toSorted()).toEqual(Object.values(defaultTopics).toSorted());
  // A broker knows the settings of a topic a moment after it has made it.
  expect(await vi.waitFor(() => createTopics({ ...options, partitions: 7 }), patience)).toEqual({
    made: [],
    altered: [],
  });

  await using admin = adminOf(broker.address);
  const metadata = await admin.metadata({ topics: [defaultTopics.raw] });
  expect(metadata.topics.get(defaultTopics.raw)?.partitions).toHaveLength(3);
  const [counts] = await admin.describeConfigs({
    resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: defaultTopics.counts }],
  });
  const policy = counts?.configs.find(({ name }) => name === 'cleanup.policy')?.value;
  expect(policy).toBe('compact,delete');
});

test('topics of before are given the settings they need, and keep what an operator has chosen', async () => {
  await using broker = await startBroker();
  await using admin = adminOf(broker.address);
  const { raw, decisions } = defaultTopics;
  const created: Record<string, Record<string, string>> = {
    [raw]: { 'cleanup.policy': 'delete', 'retention.ms': '7776000000' },
    [decisions]: { 'cleanup.policy': 'compact,delete', 'retention.ms': '5184000000' },
  };
  for (const [name, config] of Object.entries(created)) {
    const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
    await admin.createTopics({ topics: [name], partitions: 1, replicas: 1, configs });
  }
  const options = { brokers: [broker.address], topics: defaultTopics, partitions: 1, replicas: 1 };
  const { made, altered } = await vi.waitFor(() => createTopics(options), patience);
  expect(made).not.toContain(raw);
  expect(altered.map(({ topic, name, value }) => `${topic} ${name}=${value}`).toSorted()).toEqual([
    `${decisions} cleanup.policy=compact`,
    `${decisions} max.compaction.lag.ms=86400000`,
    `${raw} message.timestamp.type=LogAppendTime`,
    `${raw} segment.ms=86400000`,
  ]);
  // The broker itself reads what it has altered a moment later.
  await expect.poll(() => createTopics(options), patience).toEqual({ made: [], altered: [] });
  const settings = await readSettings(admin, topicSpecs(defaultTopics));
  expect(settings.find(({ topic, name }) => topic === raw && name === 'retention.ms')?.value).toBe(
    '7776000000',
  );
  expect(settingProblem(topicSpecs(defaultTopics), settings)).toBeUndefined();
});

test('leaves a replica set as it is, and finds its primary', async () => {
  await using mongo = await startMongo();
  expect(await initiateReplicaSet(replicaSetOf(mongo.address))).toBe('kept');
});

test('the readiness probe of the pod finds the primary, and nothing but a primary', async () => {
  await using mongo = await startMongo();
  const { port } = new URL(mongo.address);
  const script = join(import.meta.dirname, '../../../k8s/overlays/local/is-primary.sh');
  const probe = (): number | null => spawnSync('bash', [script, port]).status;
  expect(probe()).toBe(0);
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  // The only member steps down for a while: it listens, and is no primary.
  await client.db('admin').command({ replSetStepDown: 5, force: true });
  await client.close();
  expect(probe()).not.toBe(0);
  await mongo.kill();
  expect(probe()).not.toBe(0);
});

test('says what to do where no replica set is named', () => {
  expect(() => replicaSetOf('mongodb://mongo/activity')).toThrow(/add \?replicaSet=rs0/);
  expect(replicaSetOf('mongodb://mongo/activity?replicaSet=rs1')).toEqual({
    name: 'rs1',
    host: 'mongo:27017',
    database: 'activity',
  });
});
