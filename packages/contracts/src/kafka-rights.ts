// Who may do what in Kafka: one principal a service,
// and no right that it does not use. Nobody has ClusterAction.
import { rolesInProcessor, rolesInSink, typeChangesId, type Topics } from './topics.ts';

/** What can be done, in Kafka's words. Read, Write and Delete include Describe. */
export type KafkaOperation = 'Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs';

/**
 * What a right is about: one topic, group or transactional id,
 * or all whose names begin alike; or the cluster itself.
 */
export interface KafkaRight {
  resource: 'Topic' | 'Group' | 'TransactionalId' | 'Cluster';
  name: string;
  pattern: 'Literal' | 'Prefixed';
  operations: readonly KafkaOperation[];
  /** What it is for. */
  why: string;
}

/**
 * Who connects to Kafka: the services, the Connect worker, and whoever runs the tools of the command line.
 */
export const kafkaPrincipals = [
  'ingest',
  'processor',
  'connect-worker',
  'connect',
  'query',
  'operator',
] as const;

/** One of them. */
export type KafkaPrincipal = (typeof kafkaPrincipals)[number];

/**
 * Former names, and the principals that had them. For one version a user of such a name keeps the rights of
 * that principal, so that whoever still logs in with it goes on during an upgrade.
 */
export const formerPrincipals = {
  connect: 'connect-worker',
  connectors: 'connect',
} as const satisfies Record<string, KafkaPrincipal>;

/** A user that has rights: a principal, or one by its former name. */
export type KafkaUser = KafkaPrincipal | keyof typeof formerPrincipals;

/** The names that the rights are about. */
export interface RightsOptions {
  topics: Topics;
  /** The processor's application id: KAFKA_GROUP_ID. */
  applicationId: string;
  /** The Connect worker's `group.id`, which its three topics are named after. */
  connectGroup: string;
  /** CONNECTOR_PREFIX. */
  connectorPrefix: string;
}

function on(
  resource: KafkaRight['resource'],
  pattern: KafkaRight['pattern'],
): (name: string, operations: readonly KafkaOperation[], why: string) => KafkaRight {
  return (name, operations, why) => ({ resource, name, pattern, operations, why });
}

const topic = on('Topic', 'Literal');
const topicsFrom = on('Topic', 'Prefixed');
const group = on('Group', 'Literal');
const groupsFrom = on('Group', 'Prefixed');
/** The one name that Kafka has for the cluster. */
const cluster = (operations: readonly KafkaOperation[], why: string): KafkaRight =>
  on('Cluster', 'Literal')('kafka-cluster', operations, why);
const transaction = on('TransactionalId', 'Literal');
const transactionsFrom = on('TransactionalId', 'Prefixed');

/**
 * The rights of each principal: what the local stack, a cluster's ACLs and the table in docs/security.md are
 * made of.
 */
export function kafkaRights(options: RightsOptions): Record<KafkaPrincipal, readonly KafkaRight[]> {
  const { topics, applicationId, connectGroup, connectorPrefix } = options;
  const namesOf = (roles: (keyof Topics)[]): string[] => roles.map((role) => topics[role]);
  const sinkTopics = namesOf(rolesInSink());
  const readBySupervisor = [topics.raw, topics.deadLetter, topics.erasures, ...sinkTopics];
  const sinkGroups = `connect-${connectorPrefix}-`;
  return {
    ingest: [
      topic(topics.raw, ['Write', 'DescribeConfigs'], 'to publish events and commands; its settings'),
      topic(topics.audit, ['Read', 'Write'], 'to note changes, and to know which are noted'),
      topic(topics.types, ['Read', 'Write'], 'the catalogue of types: to judge events by, and to change'),
      transaction(typeChangesId(topics.types), ['Write'], 'one change of a type at a time'),
    ],
    processor: [
      topic(topics.raw, ['Read', 'DescribeConfigs'], 'its input; its settings'),
      topic(topics.types, ['Read', 'DescribeConfigs'], 'the catalogue of types; its settings'),
      ...namesOf(rolesInProcessor('state')).map((name) =>
        topic(
          name,
          ['Read', 'Write', 'DescribeConfigs'],
          'an output that is read back as state; its settings',
        ),
      ),
      ...namesOf(rolesInProcessor('output')).map((name) =>
        topic(name, ['Write', 'DescribeConfigs'], 'an output; its settings'),
      ),
      topicsFrom(
        `${applicationId}-`,
        ['Read', 'Write', 'Create', 'Delete'],
        'its internal topics; Delete for records that are used up, and for a rebuild',
      ),
      group(applicationId, ['Read', 'Delete'], 'its consumer group; Delete for a rebuild'),
      transactionsFrom(`${applicationId}-`, ['Write'], 'its transactions'),
    ],
    'connect-worker': [
      ...['configs', 'offsets', 'status'].map((name) =>
        topic(
          `${connectGroup}-${name}`,
          ['Read', 'Write', 'Create', 'DescribeConfigs'],
          'the worker’s own topic',
        ),
      ),
      group(connectGroup, ['Read'], 'the workers’ group'),
      ...sinkTopics.map((name) => topic(name, ['Read'], 'to store in MongoDB')),
      groupsFrom(sinkGroups, ['Read'], 'the groups of the connectors'),
      topic(topics.sinkDeadLetter, ['Write'], 'what cannot be converted'),
    ],
    connect: [
      ...[topics.raw, topics.deadLetter].map((name) =>
        topic(name, ['Read', 'DescribeConfigs'], 'to find an event; its retention, for receipts'),
      ),
      ...sinkTopics.map((name) =>
        topic(name, ['Read', 'DescribeConfigs'], 'how far the sink is; its settings'),
      ),
      ...Object.values(topics)
        .filter((name) => !readBySupervisor.includes(name))
        .map((name) => topic(name, ['Describe', 'DescribeConfigs'], 'metrics; its settings')),
      topicsFrom(
        `${applicationId}-`,
        ['Read', 'DescribeConfigs'],
        'how far the processor is; transactions that stay open; their retention, for receipts',
      ),
      topic(topics.erasures, ['Read', 'DescribeConfigs'], 'the users to erase; its settings'),
      group(applicationId, ['Describe'], 'how far the processor is'),
      groupsFrom(sinkGroups, ['Describe'], 'how far the sink is'),
      cluster(['Describe'], 'the room on the brokers’ disks'),
    ],
    query: [topic(topics.types, ['Read'], 'the catalogue of types')],
    operator: [
      topic(topics.raw, ['Write'], 'to replay dead letters'),
      topic(topics.types, ['Read'], 'to judge the events of files that are imported'),
      topic(topics.deadLetter, ['Read', 'Write'], 'to list dead letters and note what became of them'),
      topic(topics.erasures, ['Read'], 'to replay no letter of a user who was erased'),
      topic(topics.ledger, ['Read'], 'the ledger'),
      group(applicationId, ['Describe'], 'the ledger'),
    ],
  };
}

/** The rights of each user: those of its principal, and those that its name had before. */
export function rightsOfUsers(
  rights: Record<KafkaPrincipal, readonly KafkaRight[]>,
): Record<KafkaUser, readonly KafkaRight[]> {
  const { connect, connectors } = formerPrincipals;
  return { ...rights, connect: [...rights.connect, ...rights[connect]], connectors: rights[connectors] };
}
