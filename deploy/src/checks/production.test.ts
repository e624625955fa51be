// The production overlay against the code and itself: addresses, users, Secrets, scaling, policies, schemas.
import { defaultTopics } from '@activity/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { objectsOf, schemaProblems } from './kubernetes.ts';
import {
  all,
  applicationId,
  bootstrap,
  connect,
  golden,
  kafka,
  policies,
  scaled,
  settings,
  the,
  topics,
  users,
  workloads,
} from './production-overlay.ts';
import { mayLeave, mayReach } from './reachability.ts';
import { read } from './sources.ts';

function variablesOf(name: string): Record<string, string | undefined> {
  const found = workloads.find(({ metadata }) => metadata.name === name);
  const env = found?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.map((variable) => [variable.name, variable.value]));
}

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
  ['connectors', 'connect'],
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
    version: expect.stringMatching(/^4\./),
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
  { name: 'consumer', where: 'Kafka', to: broker, port: 9093, allowed: true },
  { name: 'producer', where: 'Kafka', to: broker, port: 9092, allowed: false },
  { name: 'connectors', where: 'Kafka Connect', to: worker, port: 8083, allowed: true },
  { name: 'consumer', where: 'Kafka Connect', to: worker, port: 8083, allowed: false },
])('$name may reach $where, port $port: $allowed', ({ name, to, port, allowed }) => {
  const labels = workloads.find(({ metadata }) => metadata.name === name)?.spec.template.metadata.labels;
  // Strimzi's own policies say who may reach its brokers.
  const reaches = to === broker ? mayLeave : mayReach;
  expect(reaches(policies, labels ?? {}, to, port)).toBe(allowed);
});

test('the alerts are what the Prometheus operator takes', () => {
  const rules = objectsOf(read('k8s/components/monitoring/prometheus-rule.golden.yaml'));
  expect(rules.map(({ kind }) => kind)).toEqual(['PrometheusRule']);
  expect(rules.flatMap(schemaProblems)).toEqual([]);
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
