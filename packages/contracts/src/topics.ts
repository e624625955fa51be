// The pipeline's topics: their names and the environment variables that rename them.
import { z } from 'zod';

const day = 24 * 60 * 60 * 1000;

/**
 * Deleted from by time, which is the broker's: by the time of an event, the broker deletes an old-dated event
 * before anyone has read it. The broker deletes whole segments, so a record stays for as long as its segment
 * is written to, and then for the retention.
 */
function keptFor(retention: number, policy: 'delete' | 'compact,delete' = 'delete'): TopicSpec['config'] {
  return {
    'cleanup.policy': policy,
    'message.timestamp.type': 'LogAppendTime',
    'retention.ms': String(retention),
    'segment.ms': String(day),
    ...(policy !== 'delete' && { 'max.compaction.lag.ms': String(day) }),
  };
}

/**
 * Read as a whole by whoever starts: the changelog of a store, which reads the times of its records, too.
 * Never deleted from by time.
 */
const changelog: TopicSpec['config'] = {
  'cleanup.policy': 'compact',
  'message.timestamp.type': 'CreateTime',
  'max.compaction.lag.ms': String(day),
};

/** How a topic is made when it is missing. Times in milliseconds. */
export interface TopicSpec {
  name: string;
  config: Record<string, string>;
}

/** One topic of the pipeline. */
interface TopicDeclaration {
  /** The name, unless the variable says otherwise. */
  name: string;
  /** The environment variable that renames the topic. */
  variable: string;
  /** The description of the variable. */
  doc: string;
  /** The settings that the topic is created with. */
  config: TopicSpec['config'];
  /** What the processor does with the topic: `state` is an output that a store is restored from. */
  processor: 'input' | 'output' | 'state' | 'none';
  /** Whether a connector copies the topic into MongoDB. */
  sink: boolean;
}

/** Every topic by its role. The raw topic's name is kept from the services that this pipeline replaces. */
const declarations = {
  raw: {
    name: 'user-activity-logs',
    variable: 'KAFKA_TOPIC',
    doc: 'The raw topic: what the edge accepted',
    config: keptFor(30 * day),
    processor: 'input',
    sink: false,
  },
  enriched: {
    name: 'user-activity-enriched',
    variable: 'KAFKA_ENRICHED_TOPIC',
    doc: 'The enriched logs topic',
    config: keptFor(7 * day),
    processor: 'output',
    sink: true,
  },
  counts: {
    name: 'user-activity-counts',
    variable: 'KAFKA_COUNTS_TOPIC',
    doc: 'The window counts topic',
    config: keptFor(7 * day, 'compact,delete'),
    processor: 'output',
    sink: true,
  },
  users: {
    name: 'user-activity-users',
    variable: 'KAFKA_USERS_TOPIC',
    doc: 'The per-user totals topic',
    config: changelog,
    processor: 'state',
    sink: true,
  },
  globalCounts: {
    name: 'user-activity-global-counts',
    variable: 'KAFKA_GLOBAL_COUNTS_TOPIC',
    doc: 'Counts of all users together, by minute',
    config: changelog,
    processor: 'state',
    sink: true,
  },
  erasures: {
    name: 'user-activity-erasures',
    variable: 'KAFKA_ERASURES_TOPIC',
    doc: 'The users that were erased',
    config: keptFor(400 * day, 'compact,delete'),
    processor: 'output',
    sink: false,
  },
  ledger: {
    name: 'user-activity-ledger',
    variable: 'KAFKA_LEDGER_TOPIC',
    doc: 'What became of every raw record, by minute',
    config: keptFor(400 * day, 'compact,delete'),
    processor: 'output',
    sink: true,
  },
  decisions: {
    name: 'user-activity-decisions',
    variable: 'KAFKA_DECISIONS_TOPIC',
    doc: 'Which raw records are duplicates, for the processor itself',
    config: changelog,
    processor: 'state',
    sink: false,
  },
  audit: {
    name: 'user-activity-audit',
    variable: 'KAFKA_AUDIT_TOPIC',
    doc: 'Who changed keys and types and who deleted, and when',
    config: keptFor(400 * day),
    processor: 'none',
    sink: true,
  },
  deadLetter: {
    name: 'user-activity-dead-letter',
    variable: 'KAFKA_DEAD_LETTER_TOPIC',
    doc: 'What the processor could not process',
    config: keptFor(7 * day),
    processor: 'output',
    sink: false,
  },
  types: {
    name: 'user-activity-types',
    variable: 'KAFKA_TYPES_TOPIC',
    doc: 'The catalogue of event types',
    config: changelog,
    processor: 'none',
    sink: false,
  },
  sinkDeadLetter: {
    name: 'user-activity-sink-dead-letter',
    variable: 'KAFKA_SINK_DEAD_LETTER_TOPIC',
    doc: 'What Kafka Connect could not convert; stays empty',
    config: keptFor(7 * day),
    processor: 'none',
    sink: false,
  },
} as const satisfies Record<string, TopicDeclaration>;

type Role = keyof typeof declarations;
type TopicVariable = (typeof declarations)[Role]['variable'];

const roles = Object.keys(declarations) as Role[];

/** One value for each role. */
function byRole<Value>(of: (role: Role) => Value): Record<Role, Value> {
  return Object.fromEntries(roles.map((role) => [role, of(role)])) as Record<Role, Value>;
}

/** The name of each topic, by its role in the pipeline. */
export type Topics = Record<Role, string>;

/** The default name of each topic. */
export const defaultTopics = byRole((role) => declarations[role].name) as {
  readonly [R in Role]: (typeof declarations)[R]['name'];
};

/** The topics of one more pipeline on a broker: each is named by the prefix and its role. */
export function topicsNamed(prefix: string): Topics {
  return byRole((role) => `${prefix}-${role}`);
}

const topicName = z.string().regex(/^[a-zA-Z0-9._-]{1,249}$/, 'a Kafka topic name');

/** Environment variables that name the topics; every service that touches a topic merges this shape in. */
export const topicVariables = Object.fromEntries(
  Object.values(declarations).map(({ name, variable, doc }) => [
    variable,
    topicName.default(name).describe(doc),
  ]),
) as Record<TopicVariable, z.ZodDefault<z.ZodString>>;

/** Reads the topic names out of a parsed environment that holds {@link topicVariables}. */
export function topicsOf(environment: Record<TopicVariable, string>): Topics {
  return byRole((role) => environment[declarations[role].variable]);
}

/** The variables that make {@link topicsOf} return these names. */
export function topicEnvironment(topics: Topics): Record<TopicVariable, string> {
  return Object.fromEntries(roles.map((role) => [declarations[role].variable, topics[role]])) as Record<
    TopicVariable,
    string
  >;
}

/** The roles of the topics that the processor uses in one of these ways. */
export function rolesInProcessor(...uses: TopicDeclaration['processor'][]): Role[] {
  return roles.filter((role) => uses.includes(declarations[role].processor));
}

/** The roles of the topics that connectors copy into MongoDB. */
export function rolesInSink(): Role[] {
  return roles.filter((role) => declarations[role].sink);
}

/** The processor's application id, unless a deployment says otherwise. */
export const defaultApplicationId = 'consumer-service-group';

/** What the names of connectors begin with, unless a deployment says otherwise. */
export const defaultConnectorPrefix = 'activity';

/**
 * The settings without which the pipeline loses or misreads records. The others are an operator's to change.
 */
export const requiredSettings = ['message.timestamp.type', 'cleanup.policy'] as const;

/**
 * Every topic of the pipeline with the settings it is created with (partitions are the deployment's choice).
 */
export function topicSpecs(topics: Topics): TopicSpec[] {
  return roles.map((role) => ({ name: topics[role], config: declarations[role].config }));
}

/** The transactional id of changes of the types topic: whoever opens a writer with it fences all others. */
export function typeChangesId(typesTopic: string): string {
  return `${typesTopic}-changes`;
}
