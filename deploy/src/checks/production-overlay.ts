// What the production overlay comes to, as data.
import { z } from 'zod';
import { configSchema as connectSchema } from '@activity/connect/config';
import { configSchema as processorSchema } from '@activity/processor/config';
import { goldenFileOf, networkPoliciesOf, objectsOf, workloadsOf } from './kubernetes.ts';
import { read } from './sources.ts';

export const golden = objectsOf(read(goldenFileOf('production')));
export const workloads = workloadsOf(golden);
export const policies = networkPoliciesOf(golden);
export const text = z.record(z.string(), z.string());

/** The objects of a kind, as a schema reads them. */
export function all<T>(kind: string, schema: z.ZodType<T>): T[] {
  return golden.filter((object) => object.kind === kind).map((object) => schema.parse(object));
}

/** The one object of a kind. */
export function the<T>(kind: string, schema: z.ZodType<T>): T {
  const [found, another] = all(kind, schema);
  if (found === undefined || another !== undefined) throw new Error(`there must be one ${kind}`);
  return found;
}

export const labelled = z.looseObject({ name: z.string(), labels: text });
export const topics = all(
  'KafkaTopic',
  z.looseObject({
    metadata: labelled,
    spec: z.strictObject({ partitions: z.number(), replicas: z.number(), config: text }),
  }),
);
export const kafka = the(
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
export const connect = the(
  'KafkaConnect',
  z.looseObject({
    metadata: z.looseObject({ name: z.string() }),
    spec: z.looseObject({
      version: z.string(),
      image: z.string(),
      bootstrapServers: z.string(),
      groupId: z.string(),
      logging: z.strictObject({
        type: z.literal('external'),
        valueFrom: z.strictObject({
          configMapKeyRef: z.strictObject({ name: z.string(), key: z.string() }),
        }),
      }),
      configStorageTopic: z.string(),
      offsetStorageTopic: z.string(),
      statusStorageTopic: z.string(),
      authentication: z.looseObject({ username: z.string() }),
      config: z.record(z.string(), z.union([z.string(), z.number()])),
    }),
  }),
);
export const users = all(
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
export const scaled = the(
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
export const configMaps = new Map(
  all('ConfigMap', z.looseObject({ metadata: z.looseObject({ name: z.string() }), data: text })).map(
    ({ metadata, data }) => [metadata.name, data],
  ),
);
export const settings = configMaps.get('activity') ?? {};
const [listener] = kafka.spec.kafka.listeners;
export const bootstrap = `${kafka.metadata.name}-kafka-bootstrap:${listener?.port}`;
export const applicationId = processorSchema.shape.KAFKA_GROUP_ID.parse(undefined);
export const connectorPrefix = connectSchema.shape.CONNECTOR_PREFIX.parse(undefined);
