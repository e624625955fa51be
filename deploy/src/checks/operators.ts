// The operators' resources that repeat what the project says elsewhere: topics, rights, connectors. Written,
// never edited.
import {
  defaultTopics,
  kafkaRights,
  rightsOfUsers,
  topicSpecs,
  type KafkaRight,
  type KafkaUser,
} from '@activity/contracts';
import { stringify } from 'yaml';
import { configSchema as processor } from '@activity/processor/config';
import { configSchema as connect } from '@activity/connect/config';
import { connectorsFolder, loadConnectors, topicPlaceholders } from '@activity/connect/connectors';
import { sinkUri } from '@activity/connect/sink-uri';
import { read } from './sources.ts';

const apiVersion = 'kafka.strimzi.io/v1';
/** The Kafka resource of the production overlay, and its KafkaConnect. */
const kafkaCluster = 'activity';
const connectCluster = 'activity-sinks';
/** The worker's group, as deploy/kafka-connect/worker.properties has it, too. */
const connectGroup = 'activity-connect';
/** Partitions of every topic, and with it the most processors that have something to do. */
const partitions = 12;
const replicas = 3;
/** The database that the connectors fill: the one that the services' MongoDB URIs name. */
const database = 'activity';
/** Where the worker finds the sink's MongoDB URI: a variable, filled from a Secret. */
const sinkUriVariable = 'SINK_MONGODB_URI';

const applicationId = processor.shape.KAFKA_GROUP_ID.parse(undefined);
const connectorPrefix = connect.shape.CONNECTOR_PREFIX.parse(undefined);
const tasksMax = connect.shape.SINK_TASKS_MAX.parse(undefined);

/** What the operator makes topics of. */
function topics(): object[] {
  return topicSpecs(defaultTopics).map(({ name, config }) => ({
    apiVersion,
    kind: 'KafkaTopic',
    metadata: { name, labels: { 'strimzi.io/cluster': kafkaCluster } },
    spec: { partitions, replicas, config },
  }));
}

const resourceTypes = { Topic: 'topic', Group: 'group', TransactionalId: 'transactionalId' } as const;

function acl({ resource, name, pattern, operations }: KafkaRight): object {
  const of =
    resource === 'Cluster'
      ? { type: 'cluster' }
      : { type: resourceTypes[resource], name, patternType: pattern === 'Prefixed' ? 'prefix' : 'literal' };
  return { resource: of, operations: [...operations] };
}

/** The rights of the services, and of KEDA, which asks how far the processor is. */
function rightsOfAll(): Record<KafkaUser | 'keda', readonly KafkaRight[]> {
  const rights = kafkaRights({ topics: defaultTopics, applicationId, connectGroup, connectorPrefix });
  const describe = { pattern: 'Literal', operations: ['Describe'], why: 'the processor’s lag' } as const;
  return {
    ...rightsOfUsers(rights),
    keda: [
      { resource: 'Topic', name: defaultTopics.raw, ...describe },
      { resource: 'Group', name: applicationId, ...describe },
    ],
  };
}

function users(): object[] {
  return Object.entries(rightsOfAll()).map(([name, rights]) => ({
    apiVersion,
    kind: 'KafkaUser',
    metadata: { name, labels: { 'strimzi.io/cluster': kafkaCluster } },
    spec: {
      authentication: { type: 'scram-sha-512' },
      authorization: { type: 'simple', acls: rights.map(acl) },
    },
  }));
}

/** The options that the sink needs, to be written behind a URI that has some already. */
function sinkOptions(): string {
  return new URL(sinkUri('mongodb://mongo/activity').uri).search.replace('?', '&');
}

async function connectors(): Promise<object[]> {
  const loaded = await loadConnectors(connectorsFolder, {
    CONNECTOR_PREFIX: connectorPrefix,
    TASKS_MAX: String(tasksMax),
    MONGODB_URI: `\${env:${sinkUriVariable}}${sinkOptions()}`,
    MONGODB_DATABASE: database,
    ...topicPlaceholders(defaultTopics),
  });
  return loaded.map(({ name, config: { 'connector.class': type, 'tasks.max': tasks, ...config } }) => ({
    apiVersion,
    kind: 'KafkaConnector',
    metadata: { name, labels: { 'strimzi.io/cluster': connectCluster } },
    spec: { class: type, tasksMax: Number(tasks), config },
  }));
}

/** How the workers log, which the KafkaConnect names: as everywhere, so that no log quotes a record. */
function logging(): object[] {
  const data = { 'log4j2.properties': read(loggingFile) };
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'activity-sinks-logging' }, data }];
}

/** The logging of every Kafka Connect worker. */
export const loggingFile = 'packages/testbed/log4j2.properties';

const note = '# Written by `npm run k8s:render`:';

function fileOf(words: string, objects: readonly object[]): string {
  const documents = objects.map((object) => stringify(object, { lineWidth: 0 }));
  return `${note} ${words}\n${documents.join('---\n')}`;
}

/** The files of the production overlay that are made, by their paths from the root. */
export async function writtenFiles(): Promise<Record<string, string>> {
  const folder = 'k8s/overlays/production';
  return {
    [`${folder}/topics.golden.yaml`]: fileOf('the topics of packages/contracts.', topics()),
    [`${folder}/users.golden.yaml`]: fileOf('the rights of packages/contracts, and of KEDA.', users()),
    [`${folder}/connectors.golden.yaml`]: fileOf('the connectors of connect/connectors.', await connectors()),
    [`${folder}/connect-logging.golden.yaml`]: fileOf(`the logging of ${loggingFile}.`, logging()),
  };
}
