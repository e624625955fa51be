// Kafka's users after an upgrade from a version with other names: everyone has the rights of their name, and
// those with former names have theirs still.
import {
  defaultTopics,
  kafkaRights,
  rightsOfUsers,
  type KafkaPrincipal,
  type KafkaUser,
} from '@activity/contracts';
import { openTopicReader } from '@activity/kafka';
import type { LocalServer } from '@activity/testbed';
import { startSaslBroker } from '@activity/testbed/testing/sasl-broker';
import { Admin } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyAcls } from './acls.ts';
import { applyUsers } from './users.ts';

let broker: LocalServer;
let saslAddress: string;

/** The users of the version before: the worker's and the service's. */
const before = { connect: 'the worker’s', connectors: 'the service’s' };
/** A data folder keeps the passwords that it has. */
const now: Record<KafkaPrincipal, string> = {
  ingest: 'a',
  processor: 'b',
  'connect-worker': 'c',
  connect: before.connect,
  query: 'e',
  operator: 'd',
};
const rights = kafkaRights({
  topics: defaultTopics,
  applicationId: 'app',
  connectGroup: 'activity-connect',
  connectorPrefix: 'activity',
});
const { enriched, erasures } = defaultTopics;

beforeAll(async () => {
  ({ broker, saslAddress } = await startSaslBroker({
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.sasl.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  }));
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.address] });
  await admin.createTopics({ topics: [enriched, erasures], partitions: 1, replicas: 1 });
  await applyUsers(broker.address, {}, before);
  await applyUsers(broker.address, {}, now);
  await applyAcls(admin, rights);
  await admin.close();
});

afterAll(() => broker.stop());

/** Whether a user may read a topic; throws where the password is wrong. */
async function reads(
  username: KafkaUser,
  topic: string,
  password: string = { ...before, ...now }[username],
): Promise<boolean> {
  const reader = openTopicReader({
    brokers: [saslAddress],
    clientId: 'test',
    security: { sasl: { mechanism: 'SCRAM-SHA-512', username, password } },
  });
  try {
    for await (const _ of reader.read(topic));
    return true;
  } catch (error) {
    if (String(error).includes('TOPIC_AUTHORIZATION_FAILED')) return false;
    throw error;
  } finally {
    await reader.close();
  }
}

test.each<[KafkaUser, { enriched: boolean; erasures: boolean }]>([
  ['connect-worker', { enriched: true, erasures: false }],
  ['connect', { enriched: true, erasures: true }],
  ['connectors', { enriched: true, erasures: true }],
  ['ingest', { enriched: false, erasures: false }],
])('%s reads %j', async (user, expected) => {
  expect({ enriched: await reads(user, enriched), erasures: await reads(user, erasures) }).toEqual(expected);
});

test('the old user of the worker may still be a worker', () => {
  const { connect, 'connect-worker': worker } = rightsOfUsers(rights);
  expect(connect).toEqual(expect.arrayContaining([...worker]));
});

test('a password is set again', async () => {
  const reader = async (password: string): Promise<boolean> => reads('ingest', enriched, password);
  await applyUsers(broker.address, {}, { ingest: 'new' });
  expect(await reader('new')).toBe(false);
  await expect(reader('a')).rejects.toThrowError('check the user name and the password');
});
