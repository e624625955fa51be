// k8s/overlays/production against the code: topics, rights, connectors, addresses, Secrets, scaling.
import { defaultTopics, kafkaRights, topicSpecs, type KafkaRight } from '@activity/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema as connectSchema } from '../../../connect/src/config.ts';
import { connectorsFolder, loadConnectors } from '../../../connect/src/connectors.ts';
import { sinkUri } from '../../../connect/src/sink-uri.ts';
import { configSchema as processorSchema } from '../../../processor/src/config.ts';
import { goldenFileOf, networkPoliciesOf, objectsOf, schemaProblems, workloadsOf } from './kubernetes.ts';
import { writtenFiles } from './operators.ts';
import { mayLeave, mayReach } from './reachability.ts';
import { read } from './sources.ts';

const golden = objectsOf(read(goldenFileOf('production')));
const workloads = workloadsOf(golden);
const policies = networkPoliciesOf(golden);
const text = z.record(z.string(), z.string());

/** The objects of a kind, as a schema reads them. */
function all<T>(kind: string, schema: z.ZodType<T>): T[] {
  return golden.filter((object) => object.kind === kind).map((object) => schema.parse(object));
}

function the<T>(kind: string, schema: z.ZodType<T>): T {
  const [found, another] = all(kind, schema);
  if (found === undefined || another !== undefined) throw new Error(`there must be one ${kind}`);
  return found;
}

const labelled = z.looseObject({ name: z.string(), labels: text });
const topics = all(
  'KafkaTopic',
  z.looseObject({
    metadata: labelled,
    spec: z.strictObject({ partitions: z.number(), replicas: z.number(), config: text }),
  }),
);
const kafka = the(
  'Kafka',
  z.looseObject({
    metadata: z.looseObject({ name: z.string() }),
    spec: z.looseObject({
      kafka: z.looseObject({
        version: z.string(),
        listeners: z.array(z.looseObject({ port: z.number(), tls: z.boolean() })),
        config: z.record(z.string(), z.unknown()),
      }),
    }),
  }),
);
const connect = the(
  'KafkaConnect',
  z.looseObject({
    metadata: z.looseObject({ name: z.string() }),
    spec: z.looseObject({
      version: z.string(),
      image: z.string(),
      bootstrapServers: z.string(),
      groupId: z.string(),
      configStorageTopic: z.string(),
      offsetStorageTopic: z.string(),
      statusStorageTopic: z.string(),
      authentication: z.looseObject({ username: z.string() }),
      config: z.record(z.string(), z.union([z.string(), z.number()])),
    }),
  }),
);
const users = all(
  'KafkaUser',
  z.looseObject({
    metadata: labelled,
    spec: z.strictObject({
      authentication: z.strictObject({ type: z.literal('scram-sha-512') }),
      authorization: z.strictObject({
        type: z.literal('simple'),
        acls: z.array(
          z.strictObject({
            resource: z.strictObject({
              type: z.string(),
              name: z.string().default('kafka-cluster'),
              patternType: z.enum(['literal', 'prefix']).default('literal'),
            }),
            operations: z.array(z.string()),
          }),
        ),
      }),
    }),
  }),
);
const scaled = the(
  'ScaledObject',
  z.looseObject({
    spec: z.looseObject({
      scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }),
      minReplicaCount: z.number(),
      maxReplicaCount: z.number(),
      triggers: z.tuple([
        z.looseObject({ metadata: text, authenticationRef: z.object({ name: z.string() }) }),
      ]),
    }),
  }),
);
const settings = the('ConfigMap', z.looseObject({ data: text })).data;
const [listener] = kafka.spec.kafka.listeners;
const bootstrap = `${kafka.metadata.name}-kafka-bootstrap:${listener?.port}`;
const applicationId = processorSchema.shape.KAFKA_GROUP_ID.parse(undefined);
const connectorPrefix = connectSchema.shape.CONNECTOR_PREFIX.parse(undefined);

function variablesOf(name: string): Record<string, string | undefined> {
  const found = workloads.find(({ metadata }) => metadata.name === name);
  const env = found?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.map((variable) => [variable.name, variable.value]));
}

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
    ...Object.fromEntries(Object.entries(rights).map(([name, of]) => [name, linesOf(of)])),
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
    ENRICHED_TOPIC: defaultTopics.enriched,
    COUNTS_TOPIC: defaultTopics.counts,
    USERS_TOPIC: defaultTopics.users,
    GLOBAL_COUNTS_TOPIC: defaultTopics.globalCounts,
    LEDGER_TOPIC: defaultTopics.ledger,
    SINK_DEAD_LETTER_TOPIC: defaultTopics.sinkDeadLetter,
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
  expect(spec.authentication.username).toBe('connect');

  const version = /<kafka.version>([\d.]+)</.exec(read('local/pom.xml'))?.[1];
  const strimzi = /Strimzi ([\d.]+),/.exec(read('deploy/schemas/operators.json'))?.[1];
  expect([kafka.spec.kafka.version, spec.version]).toEqual([version, version]);
  const dockerfile = read('k8s/overlays/production/kafka-connect.dockerfile');
  expect(dockerfile).toContain(`STRIMZI_IMAGE=quay.io/strimzi/kafka:${strimzi}-kafka-${version}\n`);
  expect(dockerfile).toContain(`--tag ${spec.image} .`);
  expect(dockerfile).toContain(`COPY --from=sink ${properties['plugin.path']} /opt/kafka/plugins`);
});

test('everyone looks for Kafka and Kafka Connect where they are', () => {
  const [trigger] = scaled.spec.triggers;
  expect(settings['kafka-brokers']).toBe(bootstrap);
  expect(connect.spec.bootstrapServers).toBe(bootstrap);
  expect(trigger.metadata['bootstrapServers']).toBe(bootstrap.replace(':', '.activity.svc:'));
  expect(settings['connect-url']).toBe(`http://${connect.metadata.name}-connect-api:8083`);
  expect(kafka.spec.kafka.listeners.map(({ tls }) => tls)).toEqual([true]);
});

test.each([
  ['producer', 'ingest'],
  ['processor', 'processor'],
  ['connectors', 'connectors'],
])('%s is the Kafka user %s, by TLS', (name, user) => {
  expect(variablesOf(name)).toMatchObject({
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA_FILE: '/etc/kafka/ca.crt',
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD_FILE: '/etc/kafka/password',
  });
  const pod = workloads.find(({ metadata }) => metadata.name === name)?.spec.template.spec;
  expect(pod).toHaveProperty('volumes', expect.arrayContaining([expect.objectContaining({ name: 'kafka' })]));
  expect(JSON.stringify(pod)).toContain(
    `{"secret":{"items":[{"key":"password","path":"password"}],"name":"${user}"}}`,
  );
  expect(pod?.containers[0]).toHaveProperty(
    'volumeMounts',
    expect.arrayContaining([{ name: 'kafka', mountPath: '/etc/kafka', readOnly: true }]),
  );
});

test('the connectors have one owner', () => {
  expect(variablesOf('connectors')).toHaveProperty('REGISTER_CONNECTORS', 'false');
  expect(golden.find(({ kind }) => kind === 'KafkaConnect')?.metadata).toHaveProperty(
    ['annotations', 'strimzi.io/use-connector-resources'],
    'true',
  );
  expect(JSON.stringify(golden)).not.toContain('autoRestart');
});

/** Every Secret that something refers to, with its key. */
function secretsIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(secretsIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([field, value]): string[] => {
    const at = z.looseObject({ name: z.string(), key: z.string() }).safeParse(value);
    if (field === 'secretKeyRef' && at.success) return [`${at.data.name} ${at.data.key}`];
    const login = z.strictObject({ secretName: z.string(), password: z.string() }).safeParse(value);
    if (field === 'passwordSecret' && login.success)
      return [`${login.data.secretName} ${login.data.password}`];
    const volume = z
      .looseObject({ name: z.string(), items: z.array(z.looseObject({ key: z.string() })) })
      .safeParse(value);
    if (field === 'secret' && volume.success)
      return volume.data.items.map(({ key }) => `${volume.data.name} ${key}`);
    const parameters = z.array(z.looseObject({ name: z.string(), key: z.string() })).safeParse(value);
    if (field === 'secretTargetRef' && parameters.success)
      return parameters.data.map(({ name, key }) => `${name} ${key}`);
    if (field === 'secretName' && typeof value === 'string') return [`${value} `];
    return secretsIn(value);
  });
}

test('Secrets are referred to, and come from Strimzi or from a command of the guide', () => {
  expect(golden.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  const guide = read('docs/kubernetes.md');
  const fromGuide = [...guide.matchAll(/create secret generic (\S+)[^`]*?--from-\w+=([\w.]+)=/g)].map(
    ([, name, key]) => `${name} ${key}`,
  );
  const fromStrimzi = [
    ...users.map(({ metadata }) => `${metadata.name} password`),
    `${kafka.metadata.name}-cluster-ca-cert ca.crt`,
  ];
  const there = [...fromGuide, ...fromStrimzi];
  const wanted = new Set(secretsIn(golden));
  expect(wanted.size).toBeGreaterThan(8);
  // A volume takes the whole Secret.
  expect([...wanted].filter((one) => !there.some((name) => name.startsWith(one)))).toEqual([]);
  expect(fromGuide.filter((name) => ![...wanted].some((one) => name.startsWith(one)))).toEqual([]);
});

test('KEDA asks for the lag of the processor’s own group, as a user of its own', () => {
  const { spec } = scaled;
  const [trigger] = spec.triggers;
  expect(spec.scaleTargetRef).toMatchObject({ kind: 'StatefulSet', name: 'processor' });
  expect(trigger.metadata).toMatchObject({
    consumerGroup: applicationId,
    topic: defaultTopics.raw,
    sasl: 'scram_sha512',
    tls: 'enable',
  });
  expect(users.map(({ metadata }) => metadata.name)).toContain(settings['keda-username']);
  const login = the(
    'TriggerAuthentication',
    z.looseObject({ metadata: z.looseObject({ name: z.string() }) }),
  );
  expect(trigger.authenticationRef.name).toBe(login.metadata.name);
});

test('there is something to do for each processor, and each is asked', () => {
  const { minReplicaCount, maxReplicaCount } = scaled.spec;
  expect(minReplicaCount).toBeGreaterThan(1);
  expect(maxReplicaCount).toBeLessThanOrEqual(topics[0]?.spec.partitions ?? 0);
  const instances = Array.from({ length: maxReplicaCount }, (_, index) => `processor-${index}`);
  expect(variablesOf('consumer')['PROCESSOR_URLS']).toBe(
    instances.map((name) => `http://${name}.processor:3002`).join(','),
  );
});

test('who is scaled has no number of replicas, which each apply would set back', () => {
  const targets = all(
    'HorizontalPodAutoscaler',
    z.looseObject({
      spec: z.looseObject({
        scaleTargetRef: z.looseObject({ name: z.string() }),
        minReplicas: z.number().min(2),
        maxReplicas: z.number(),
      }),
    }),
  );
  const names = [...targets.map(({ spec }) => spec.scaleTargetRef.name), scaled.spec.scaleTargetRef.name];
  expect(names).toEqual(['consumer', 'producer', 'processor']);
  for (const name of names) {
    const found = workloads.find(({ metadata }) => metadata.name === name);
    expect(found?.spec).not.toHaveProperty('replicas');
  }
});

const restricted = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

test.each([
  ['Kafka', ['spec', 'entityOperator', 'template'], ['topicOperatorContainer', 'userOperatorContainer']],
  ['KafkaNodePool', ['spec', 'template'], ['kafkaContainer', 'initContainer']],
  ['KafkaConnect', ['spec', 'template'], ['connectContainer', 'initContainer']],
])('Strimzi makes restricted pods of %s', (kind, path, containers) => {
  const found = golden.filter((object) => object.kind === kind);
  expect(found.length).toBeGreaterThan(0);
  for (const object of found)
    for (const container of containers)
      expect(object).toHaveProperty([...path, container, 'securityContext'], restricted);
});

const broker = { 'strimzi.io/cluster': 'activity', 'strimzi.io/kind': 'Kafka' };
const worker = {
  'strimzi.io/cluster': 'activity-sinks',
  'strimzi.io/kind': 'KafkaConnect',
  'activity/kafka-client': 'true',
  'activity/mongodb-client': 'true',
};
const outside = {};

test.each([
  { who: 'a broker', from: broker, where: 'a broker', to: broker, port: 9091, allowed: true },
  { who: 'a broker', from: broker, where: 'a controller', to: broker, port: 9090, allowed: true },
  { who: 'a broker', from: broker, where: 'the API server', to: outside, port: 443, allowed: true },
  { who: 'a broker', from: broker, where: 'MongoDB', to: outside, port: 27_017, allowed: false },
  { who: 'a worker', from: worker, where: 'a broker', to: broker, port: 9093, allowed: true },
  { who: 'a worker', from: worker, where: 'a broker as a broker', to: broker, port: 9091, allowed: false },
  { who: 'a worker', from: worker, where: 'MongoDB', to: outside, port: 27_017, allowed: true },
  { who: 'a worker', from: worker, where: 'a worker', to: worker, port: 8083, allowed: true },
  { who: 'a worker', from: worker, where: 'the API server', to: outside, port: 6443, allowed: true },
  { who: 'a worker', from: worker, where: 'anything else', to: outside, port: 80, allowed: false },
])('$who may open a connection to $where, port $port: $allowed', ({ from, to, port, allowed }) => {
  expect(mayLeave(policies, from, to, port)).toBe(allowed);
});

test.each([
  { name: 'producer', where: 'Kafka', to: broker, port: 9093, allowed: true },
  { name: 'processor', where: 'Kafka', to: broker, port: 9093, allowed: true },
  { name: 'connectors', where: 'Kafka', to: broker, port: 9093, allowed: true },
  { name: 'consumer', where: 'Kafka', to: broker, port: 9093, allowed: false },
  { name: 'producer', where: 'Kafka', to: broker, port: 9092, allowed: false },
  { name: 'connectors', where: 'Kafka Connect', to: worker, port: 8083, allowed: true },
  { name: 'consumer', where: 'Kafka Connect', to: worker, port: 8083, allowed: false },
])('$name may reach $where, port $port: $allowed', ({ name, to, port, allowed }) => {
  const labels = workloads.find(({ metadata }) => metadata.name === name)?.spec.template.metadata.labels;
  // Strimzi's own policies say who may reach its brokers.
  const reaches = to === broker ? mayLeave : mayReach;
  expect(reaches(policies, labels ?? {}, to, port)).toBe(allowed);
});

test.each([...new Set(golden.filter(({ apiVersion }) => apiVersion.includes('.')).map(({ kind }) => kind))])(
  'a field that %s does not have is found',
  (kind) => {
    const object = golden.find((candidate) => candidate.kind === kind);
    if (object === undefined) throw new Error(`there is no ${kind}`);
    expect(schemaProblems(object)).toEqual([]);
    const spec = z.looseObject({}).safeParse(object['spec']);
    const wrong = spec.success
      ? { ...object, spec: { ...spec.data, nonsense: 1 } }
      : { ...object, nonsense: 1 };
    expect(schemaProblems(wrong)).toEqual([expect.stringContaining('nonsense')]);
  },
);
