// Kafka and Kafka Connect of the production overlay against the code: topics, rights, connectors, workers.
import { defaultTopics, kafkaRights, rightsOfUsers, topicSpecs, type KafkaRight } from '@activity/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema as connectSchema } from '@activity/connect/config';
import { kafkaVersions } from '@activity/testbed/tools';
import { connectorsFolder, loadConnectors, topicPlaceholders } from '@activity/connect/connectors';
import { sinkUri } from '@activity/connect/sink-uri';
import { writtenFiles } from './operators.ts';
import {
  all,
  applicationId,
  connect,
  connectorPrefix,
  kafka,
  labelled,
  text,
  topics,
  users,
} from './production-overlay.ts';
import { read } from './sources.ts';

test('what is written of the code is what the code says: else npm run k8s:render', async () => {
  for (const [file, content] of Object.entries(await writtenFiles())) expect(read(file)).toBe(content);
});

test('the topics are those that the set-up step makes', () => {
  const made = topics.map(({ metadata, spec }) => ({ name: metadata.name, config: spec.config }));
  expect(made).toHaveLength(Object.keys(defaultTopics).length);
  expect(made).toEqual(expect.arrayContaining(topicSpecs(defaultTopics)));
  for (const { metadata } of [...topics, ...users])
    expect(metadata.labels['strimzi.io/cluster']).toBe(kafka.metadata.name);
});

test('a topic survives the loss of a broker, and a derived one has as many partitions as its input', () => {
  const { config } = kafka.spec.kafka;
  for (const { spec } of topics) expect(spec).toMatchObject({ partitions: 12, replicas: 3 });
  expect(config).toMatchObject({
    'auto.create.topics.enable': false,
    'default.replication.factor': 3,
    'min.insync.replicas': 2,
    'transaction.state.log.replication.factor': 3,
    'transaction.state.log.min.isr': 2,
    'offsets.topic.replication.factor': 3,
  });
  const pools = all(
    'KafkaNodePool',
    z.looseObject({ spec: z.looseObject({ replicas: z.number(), roles: z.array(z.string()) }) }),
  );
  expect(Object.fromEntries(pools.map(({ spec }) => [spec.roles.join(), spec.replicas]))).toEqual({
    broker: 3,
    controller: 3,
  });
});

const wordsOf: Record<string, string> = {
  topic: 'Topic',
  group: 'Group',
  transactionalId: 'TransactionalId',
  cluster: 'Cluster',
  prefix: 'Prefixed',
  literal: 'Literal',
};

function linesOf(rights: readonly KafkaRight[]): Set<string> {
  return new Set(
    rights.flatMap(({ resource, name, pattern, operations }) =>
      operations.map((operation) => `${resource} ${name} ${pattern} ${operation}`),
    ),
  );
}

test('each Kafka user may do what the rights say, and no more', () => {
  const rights = kafkaRights({
    topics: defaultTopics,
    applicationId,
    connectGroup: connect.spec.groupId,
    connectorPrefix,
  });
  const given = users.map(({ metadata, spec }) => [
    metadata.name,
    new Set(
      spec.authorization.acls.flatMap(({ resource: { type, name, patternType }, operations }) =>
        operations.map((operation) => `${wordsOf[type]} ${name} ${wordsOf[patternType]} ${operation}`),
      ),
    ),
  ]);
  expect(Object.fromEntries(given)).toEqual({
    ...Object.fromEntries(Object.entries(rightsOfUsers(rights)).map(([name, of]) => [name, linesOf(of)])),
    keda: new Set([`Topic ${defaultTopics.raw} Literal Describe`, `Group ${applicationId} Literal Describe`]),
  });
});

const sinkReference = '${env:SINK_MONGODB_URI}';

test('the connectors are those of connect/connectors, the password but a reference', async () => {
  const wanted = await loadConnectors(connectorsFolder, {
    CONNECTOR_PREFIX: connectorPrefix,
    TASKS_MAX: String(connectSchema.shape.SINK_TASKS_MAX.parse(undefined)),
    MONGODB_URI: 'compared below',
    MONGODB_DATABASE: 'activity',
    ...topicPlaceholders(defaultTopics),
  });
  const connectors = all(
    'KafkaConnector',
    z.looseObject({
      metadata: labelled,
      spec: z.strictObject({ class: z.string(), tasksMax: z.number(), config: text }),
    }),
  );
  const found = connectors.map(({ metadata, spec }) => ({
    name: metadata.name,
    config: {
      ...spec.config,
      'connector.class': spec.class,
      'tasks.max': String(spec.tasksMax),
      'connection.uri': 'compared below',
    },
  }));
  expect(found).toHaveLength(wanted.length);
  expect(found).toEqual(expect.arrayContaining(wanted));

  const secret = 'mongodb://sink:secret@a:27017,b:27017/?replicaSet=rs0&authSource=admin&tls=true';
  const options = sinkUri(secret.replace('/?', '/activity?')).uri.split('?')[1];
  for (const { metadata, spec } of connectors) {
    expect(metadata.labels['strimzi.io/cluster']).toBe(connect.metadata.name);
    const uri = spec.config['connection.uri'] ?? '';
    expect(uri.startsWith(sinkReference)).toBe(true);
    const resolved = new URLSearchParams(uri.replace(sinkReference, secret).split('?')[1]);
    expect(Object.fromEntries(resolved)).toEqual(Object.fromEntries(new URLSearchParams(options)));
  }
});

test('the workers are set up as those of the other overlay, of the same Kafka, and resolve the reference', () => {
  const { spec } = connect;
  const properties = Object.fromEntries(
    read('deploy/kafka-connect/worker.properties')
      .split('\n')
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  expect({
    'group.id': spec.groupId,
    'config.storage.topic': spec.configStorageTopic,
    'offset.storage.topic': spec.offsetStorageTopic,
    'status.storage.topic': spec.statusStorageTopic,
    'offset.flush.interval.ms': String(spec.config['offset.flush.interval.ms']),
  }).toEqual({
    'group.id': properties['group.id'],
    'config.storage.topic': properties['config.storage.topic'],
    'offset.storage.topic': properties['offset.storage.topic'],
    'status.storage.topic': properties['status.storage.topic'],
    'offset.flush.interval.ms': properties['offset.flush.interval.ms'],
  });
  expect(spec.config['config.providers.env.param.allowlist.pattern']).toBe('SINK_MONGODB_URI');
  expect(JSON.stringify(spec)).toContain('{"name":"SINK_MONGODB_URI","valueFrom":{"secretKeyRef"');
  expect(spec.authentication.username).toBe('connect-worker');

  const { version } = spec;
  expect(kafkaVersions).toContain(version);
  const strimzi = /Strimzi ([\d.]+),/.exec(read('deploy/schemas/operators.json'))?.[1];
  expect(kafka.spec.kafka.version).toBe(version);
  const dockerfile = read('k8s/overlays/production/kafka-connect.dockerfile');
  expect(dockerfile).toContain(`STRIMZI_IMAGE=quay.io/strimzi/kafka:${strimzi}-kafka-${version}\n`);
  expect(dockerfile).toContain(`--tag ${spec.image} .`);
  expect(dockerfile).toContain(`COPY --from=sink ${properties['plugin.path']} /opt/kafka/plugins`);
});

test('no setting is one that Strimzi would leave away without a word', () => {
  const own = /^(ssl|sasl|security|listener|advertised|broker|controller|authorizer|rest|plugin|password)\./;
  const settings = [...Object.keys(kafka.spec.kafka.config), ...Object.keys(connect.spec.config)];
  expect(settings.length).toBeGreaterThan(10);
  expect(settings.filter((name) => own.test(name) || /^(group\.id|.*\.storage\.topic)$/.test(name))).toEqual(
    [],
  );
});
