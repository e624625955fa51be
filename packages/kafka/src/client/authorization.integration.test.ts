// Rights, on a broker with SASL and ACLs: the few that an application needs are enough, and what is missing
// is named.
import type { LocalServer } from '@activity/testbed';
import { startSaslBroker } from '@activity/testbed/testing/sasl-broker';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FatalError } from '../errors.ts';
import { anyoneIn, commitOf, memberOf } from '../testing/commits.ts';
import type { SecurityOptions } from './security.ts';
import { brokerErrors } from './remedies.ts';
import { connectWitness, type Witness } from '../testing/witness.ts';
import type { KafkaPort } from './port.ts';
import { createKafka } from './wire-port.ts';

/** How long a login is good for. */
const sessionMs = 3_000;

let broker: LocalServer;
let witness: Witness;
let address = '';
let kafka: KafkaPort;

const security: SecurityOptions = { sasl: { mechanism: 'PLAIN', username: 'app', password: 'secret' } };

beforeAll(async () => {
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  ({ broker, saslAddress: address } = await startSaslBroker({
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl.plain.sasl.jaas.config': `${login} required user_app="secret";`,
    // Who does not show the password again in time is cut off.
    'listener.name.sasl.connections.max.reauth.ms': `${sessionMs}`,
  }));
  witness = await connectWitness(broker.address);
  for (const topic of ['in', 'out', 'secret']) await witness.createTopic(topic, 1);
  const rights = [
    [AclResourceTypes.TOPIC, 'in', AclOperationTypes.READ],
    [AclResourceTypes.TOPIC, 'out', AclOperationTypes.WRITE],
    [AclResourceTypes.GROUP, 'app', AclOperationTypes.READ],
    [AclResourceTypes.TRANSACTIONAL_ID, 'app', AclOperationTypes.WRITE],
  ] as const;
  await witness.admin.createAcls({
    acl: rights.map(([resourceType, resourceName, operation]) => ({
      resourceType,
      resourceName,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: 'User:app',
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  });
  kafka = createKafka({ brokers: [address], clientId: 'app', security });
});

afterAll(async () => {
  await kafka.close();
  await witness[Symbol.asyncDispose]();
  await broker.stop();
});

describe('10: an application with no right to the cluster', () => {
  test('cannot write a transaction with the client alone', async () => {
    const producer = new Producer({
      clientId: 'naive',
      bootstrapBrokers: [address],
      serializers: stringSerializers,
      idempotent: true,
      transactionalId: 'app-naive',
      producerId: -1n,
      producerEpoch: -1,
      retries: 0,
      ...security,
    });
    const failure: unknown = await producer
      .beginTransaction()
      .then((transaction) => transaction.send({ messages: [{ topic: 'out', value: 'v' }] }))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    await producer.close(true).catch(() => {});
    expect(brokerErrors(failure)).toContain('CLUSTER_AUTHORIZATION_FAILED');
  });

  test('reads, writes and commits by the adapter', async () => {
    await witness.send('in', [{ key: 'k', value: 'v' }]);
    const fetcher = kafka.createFetcher();
    const [fetched] = await fetcher.fetch([{ topic: 'in', partition: 0, offset: 0 }], 1000);
    expect(fetched?.records).toHaveLength(1);
    const writer = kafka.createWriter({ transactionalId: 'app-1', transactionTimeoutMs: 20_000 });
    await writer.open();
    await writer.commit(
      commitOf(
        await memberOf(kafka, 'app'),
        [['out', 0, 'k', 'v']],
        [{ topic: 'in', partition: 0, offset: 1 }],
      ),
    );
    expect(await kafka.committedOffsets('app', [{ topic: 'in', partition: 0 }])).toMatchObject([
      { offset: 1 },
    ]);
    await Promise.all([writer.close(), fetcher.close()]);
  });
});

describe('a missing right is told at once, with what it is for', () => {
  async function open(transactionalId: string | null): Promise<ReturnType<KafkaPort['createWriter']>> {
    const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs: 20_000 });
    await writer.open();
    return writer;
  }

  test.each<[string, () => Promise<unknown>, RegExp, string]>([
    [
      'to know a topic',
      () => kafka.describeTopics(['in', 'secret']),
      /topic secret.*TOPIC_AUTHORIZATION_FAILED/,
      'grant the principal Describe (which Read and Write include) on topic secret',
    ],
    [
      'to create a topic',
      () => kafka.createTopics([{ name: 'app-new', partitions: 1, replicationFactor: -1, config: {} }]),
      /creating topic app-new.*AUTHORIZATION_FAILED/,
      'grant the principal Create on topic app-new',
    ],
    [
      'to a transactional id',
      () => open('other'),
      /other.*TRANSACTIONAL_ID_AUTHORIZATION_FAILED/,
      'grant the principal Write on this transactional id',
    ],
    [
      'to a group',
      () => kafka.committedOffsets('other', [{ topic: 'in', partition: 0 }]),
      /group other.*GROUP_AUTHORIZATION_FAILED/,
      'grant the principal Describe (which Read includes) on this group',
    ],
    [
      'to write',
      async () => (await open('app-2')).commit(commitOf(anyoneIn('app'), [['in', 0, 'k', 'v']])),
      /TOPIC_AUTHORIZATION_FAILED/,
      'grant the principal Write on topic in',
    ],
    [
      'to write to one of several topics',
      async () => {
        const records: [string, number, string, string][] = ['out', 'in'].map((name) => [name, 0, 'k', 'v']);
        return (await open('app-3')).commit(commitOf(anyoneIn('app'), records));
      },
      /TOPIC_AUTHORIZATION_FAILED/,
      'grant the principal Write on topic in',
    ],
    [
      'to commit in another group',
      async () =>
        (await open('app-4')).commit(
          commitOf(anyoneIn('other'), [['out', 0, 'k', 'v']], [{ topic: 'in', partition: 0, offset: 1 }]),
        ),
      /group other.*GROUP_AUTHORIZATION_FAILED/,
      'grant the principal Read on this group',
    ],
    [
      'to write without transactions',
      async () => (await open(null)).commit(commitOf(anyoneIn('app'), [['in', 0, 'k', 'v']])),
      /in-0.*TOPIC_AUTHORIZATION_FAILED/,
      'grant the principal Write on topic in',
    ],
    [
      'to read',
      () => kafka.createFetcher().fetch([{ topic: 'out', partition: 0, offset: 0 }], 100),
      /out-0.*TOPIC_AUTHORIZATION_FAILED/,
      'grant the principal Read on topic out',
    ],
  ])('%s', async (_right, use, message, remedy) => {
    const failing = use();
    await expect(failing).rejects.toThrowError(message);
    await expect(failing).rejects.toThrowError(FatalError);
    await expect(failing).rejects.toMatchObject({ code: 'NOT_AUTHORIZED' });
    await expect(failing).rejects.toThrowError(remedy);
  });

  test('a wrong password', async () => {
    const wrong: SecurityOptions = { sasl: { mechanism: 'PLAIN', username: 'app', password: 'wrong' } };
    const intruder = createKafka({ brokers: [address], clientId: 'intruder', security: wrong });
    const failing = intruder.describeTopics(['in']);
    await expect(failing).rejects.toThrowError(FatalError);
    await expect(failing).rejects.toMatchObject({ code: 'NOT_AUTHORIZED' });
    await intruder.close();
  });
});

test('a login that ends while requests are sent is shown again, and no request fails', async () => {
  const end = performance.now() + 3 * sessionMs;
  let requests = 0;
  while (performance.now() < end) {
    await kafka.listOffsets([{ topic: 'in', partition: 0 }], 'latest');
    requests++;
    await sleep(5);
  }
  expect(requests).toBeGreaterThan(100);
});
