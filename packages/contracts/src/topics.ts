// The pipeline's topics: their names and the environment variables that rename them.
import { z } from 'zod';

/** Default topic names. The raw topic's name is kept from the services that this pipeline replaces. */
export const defaultTopics = {
  raw: 'user-activity-logs',
  enriched: 'user-activity-enriched',
  counts: 'user-activity-counts',
  users: 'user-activity-users',
  globalCounts: 'user-activity-global-counts',
  erasures: 'user-activity-erasures',
  ledger: 'user-activity-ledger',
  decisions: 'user-activity-decisions',
  deadLetter: 'user-activity-dead-letter',
  sinkDeadLetter: 'user-activity-sink-dead-letter',
} as const;

/** The name of each topic, by its role in the pipeline. */
export type Topics = Record<keyof typeof defaultTopics, string>;

const topicName = z.string().regex(/^[a-zA-Z0-9._-]{1,249}$/, 'a Kafka topic name');

/** Environment variables that name the topics; every service that touches a topic merges this shape in. */
export const topicVariables = {
  KAFKA_TOPIC: topicName.default(defaultTopics.raw).describe('The raw topic: what the edge accepted'),
  KAFKA_ENRICHED_TOPIC: topicName.default(defaultTopics.enriched).describe('The enriched logs topic'),
  KAFKA_COUNTS_TOPIC: topicName.default(defaultTopics.counts).describe('The window counts topic'),
  KAFKA_USERS_TOPIC: topicName.default(defaultTopics.users).describe('The per-user totals topic'),
  KAFKA_GLOBAL_COUNTS_TOPIC: topicName
    .default(defaultTopics.globalCounts)
    .describe('Counts of all users together, by minute'),
  KAFKA_ERASURES_TOPIC: topicName.default(defaultTopics.erasures).describe('The users that were erased'),
  KAFKA_LEDGER_TOPIC: topicName
    .default(defaultTopics.ledger)
    .describe('What became of every raw record, by minute'),
  KAFKA_DECISIONS_TOPIC: topicName
    .default(defaultTopics.decisions)
    .describe('Which raw records are duplicates, for the processor itself'),
  KAFKA_DEAD_LETTER_TOPIC: topicName
    .default(defaultTopics.deadLetter)
    .describe('What the processor could not process'),
  KAFKA_SINK_DEAD_LETTER_TOPIC: topicName
    .default(defaultTopics.sinkDeadLetter)
    .describe('What Kafka Connect could not convert; stays empty'),
};

/** Reads the topic names out of a parsed environment that holds {@link topicVariables}. */
export function topicsOf(environment: { [K in keyof typeof topicVariables]: string }): Topics {
  return {
    raw: environment.KAFKA_TOPIC,
    enriched: environment.KAFKA_ENRICHED_TOPIC,
    counts: environment.KAFKA_COUNTS_TOPIC,
    users: environment.KAFKA_USERS_TOPIC,
    globalCounts: environment.KAFKA_GLOBAL_COUNTS_TOPIC,
    erasures: environment.KAFKA_ERASURES_TOPIC,
    ledger: environment.KAFKA_LEDGER_TOPIC,
    decisions: environment.KAFKA_DECISIONS_TOPIC,
    deadLetter: environment.KAFKA_DEAD_LETTER_TOPIC,
    sinkDeadLetter: environment.KAFKA_SINK_DEAD_LETTER_TOPIC,
  };
}

/** The processor's application id, unless a deployment says otherwise. */
export const defaultApplicationId = 'consumer-service-group';

/** What the names of connectors begin with, unless a deployment says otherwise. */
export const defaultConnectorPrefix = 'activity';

/** How a topic is made when it is missing. Times in milliseconds. */
export interface TopicSpec {
  name: string;
  config: Record<string, string>;
}

const day = 24 * 60 * 60 * 1000;

/** The settings without which the pipeline loses or misreads records. The others are an operator's to change. */
export const requiredSettings = ['message.timestamp.type', 'cleanup.policy'] as const;

/**
 * Deleted from by time, which is the broker's: by the time of an event, the broker deletes an old-dated event before anyone has read
 * it. The broker deletes whole segments, so a record stays for as long as its segment is written to, and then for the retention.
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

/** Also the changelog of a store, which reads the times of its records: never deleted from by time. */
const changelog: TopicSpec['config'] = {
  'cleanup.policy': 'compact',
  'message.timestamp.type': 'CreateTime',
  'max.compaction.lag.ms': String(day),
};

/** Every topic of the pipeline with the settings it is created with (partitions are the deployment's choice). */
export function topicSpecs(topics: Topics): TopicSpec[] {
  return [
    { name: topics.raw, config: keptFor(30 * day) },
    { name: topics.enriched, config: keptFor(7 * day) },
    { name: topics.counts, config: keptFor(7 * day, 'compact,delete') },
    { name: topics.users, config: changelog },
    { name: topics.globalCounts, config: changelog },
    { name: topics.erasures, config: keptFor(400 * day, 'compact,delete') },
    { name: topics.ledger, config: keptFor(400 * day, 'compact,delete') },
    { name: topics.decisions, config: changelog },
    { name: topics.deadLetter, config: keptFor(7 * day) },
    { name: topics.sinkDeadLetter, config: keptFor(7 * day) },
  ];
}
