// The set-up steps on a real broker and a real MongoDB: the first run makes what is missing, the second changes nothing.
import { defaultTopics } from '@activity/contracts';
import { startBroker, startMongo } from '@activity/local';
import { ConfigResourceTypes, Admin } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { createTopics } from './create-topics.ts';
import { initiateReplicaSet, replicaSetOf } from './initiate-replica-set.ts';

test('makes the topics that are missing, with their settings', async () => {
  await using broker = await startBroker();
  const options = { brokers: [broker.address], topics: defaultTopics, partitions: 3, replicas: 1 };
  expect((await createTopics(options)).toSorted()).toEqual(Object.values(defaultTopics).toSorted());
  expect(await createTopics({ ...options, partitions: 7 })).toEqual([]);

  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.address] });
  const metadata = await admin.metadata({ topics: [defaultTopics.raw] });
  expect(metadata.topics.get(defaultTopics.raw)?.partitions).toHaveLength(3);
  const [counts] = await admin.describeConfigs({
    resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: defaultTopics.counts }],
  });
  const policy = counts?.configs.find(({ name }) => name === 'cleanup.policy')?.value;
  expect(policy).toBe('compact,delete');
  await admin.close();
});

test('leaves a replica set as it is, and finds its primary', async () => {
  await using mongo = await startMongo();
  expect(await initiateReplicaSet(replicaSetOf(mongo.address))).toBe('kept');
});

test('says what to do where no replica set is named', () => {
  expect(() => replicaSetOf('mongodb://mongo/activity')).toThrow(/add \?replicaSet=rs0/);
  expect(replicaSetOf('mongodb://mongo/activity?replicaSet=rs1')).toEqual({
    name: 'rs1',
    host: 'mongo:27017',
    database: 'activity',
  });
});
