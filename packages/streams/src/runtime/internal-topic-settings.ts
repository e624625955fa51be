// How internal topics are named and created: the settings of an application, and which of them cannot work.
import { FatalError } from '../api/errors.ts';
import { hasRetention, type StoreSpec } from '../api/stores.ts';

/** Settings of a topic by their names in Kafka, such as `segment.bytes`. */
export interface TopicConfig {
  readonly [name: string]: string;
}

/** Settings that internal topics are created with, on top of the engine's own. */
export interface InternalTopicConfig {
  /** Of changelogs. */
  changelog?: TopicConfig;
  /** Of repartition topics. */
  repartition?: TopicConfig;
}

/** How an application's own topics are named and created. */
export interface InternalTopicSettings {
  /** What their names begin with, before a `-`. */
  prefix: string;
  /** -1: the broker's default. */
  replicationFactor: number;
  config: InternalTopicConfig;
}

/** Only whole segments go: small ones give the disk back sooner. */
const purged = { 'retention.ms': '-1', 'segment.bytes': '52428800' };

/**
 * The times of records are the application's, whatever they are: a cluster whose default is the broker's
 * clock must not replace them, and one with limits for times must not refuse them.
 */
const timesAsWritten = {
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': '9223372036854775807',
  'message.timestamp.after.max.ms': '9223372036854775807',
};

/** Batches stay compressed as the application wrote them. */
const asWritten = { 'compression.type': 'producer', ...timesAsWritten };

/**
 * The settings a changelog is created with. Expiring state is never deleted by time: brokers compare event
 * times with the time of day, and state of old events would be gone while it is needed. The purger deletes it
 * by stream time.
 */
export function changelogConfig({ kind }: StoreSpec, { changelog }: InternalTopicConfig): TopicConfig {
  if (!hasRetention(kind)) return { 'cleanup.policy': 'compact', ...asWritten, ...changelog };
  return { 'cleanup.policy': 'compact,delete', ...purged, ...asWritten, ...changelog };
}

/**
 * The settings a repartition topic is created with. It is read once and then useless, but never lost before
 * it was read: the purger deletes what was.
 */
export function repartitionConfig({ repartition }: InternalTopicConfig): TopicConfig {
  return { 'cleanup.policy': 'delete', ...purged, ...asWritten, ...repartition };
}

/** What is wrong with the clean-up of a store's changelog; undefined where nothing is. */
export function wrongCleanup(store: StoreSpec, config: InternalTopicConfig): string | undefined {
  if (!hasRetention(store.kind) || policies(changelogConfig(store, config)).has('delete')) return undefined;
  const why = `expired entries of store ${store.name} are deleted from it`;
  return `internalTopicConfig.changelog: cleanup.policy must have delete too: ${why}; write compact,delete, or leave it out`;
}

/** What options say of internal topics, with the defaults. */
export interface InternalTopicOptions {
  applicationId: string;
  internalTopicPrefix?: string;
  replicationFactor: number;
  internalTopicConfig?: InternalTopicConfig;
}

/**
 * The settings that these options mean.
 * @throws FatalError with CONFIGURATION_INVALID that names the option and the remedy.
 */
export function internalTopicSettings({
  applicationId,
  internalTopicPrefix: prefix = applicationId,
  replicationFactor,
  internalTopicConfig: config = {},
}: InternalTopicOptions): InternalTopicSettings {
  if (prefix !== applicationId) checkTopicPrefix(prefix);
  const isCount = Number.isInteger(replicationFactor) && replicationFactor > 0 && replicationFactor < 32_768;
  if (replicationFactor !== -1 && !isCount)
    wrong(
      `replicationFactor: ${replicationFactor} is no number of replicas; give 1 or more, or -1 for the broker's default`,
    );
  for (const [of, settings] of Object.entries(config)) checkConfig(of, settings);
  return { prefix, replicationFactor, config };
}

/**
 * Checks a prefix of internal topics.
 * @throws FatalError with CONFIGURATION_INVALID where no topic's name can begin with it.
 */
export function checkTopicPrefix(prefix: string): void {
  if (/^[\w.-]{1,200}$/.test(prefix)) return;
  wrong(
    `internalTopicPrefix: no topic's name can begin with '${prefix}'; use 1 to 200 letters, digits, '.', '_' and '-'`,
  );
}

function checkConfig(of: string, config: TopicConfig): void {
  const option = `internalTopicConfig.${of}`;
  if (of !== 'changelog' && of !== 'repartition')
    wrong(`${option} is not known; use changelog or repartition`);
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'string')
      wrong(`${option}: ${name} must be text, as in Kafka's own configuration; write '${String(value)}'`);
    if (Object.hasOwn(timesAsWritten, name))
      wrong(
        `${option}: ${name} cannot be set: the engine needs the times of records as it wrote them; leave it out`,
      );
  }
  const given = config['cleanup.policy'];
  if (given === undefined) return;
  const policy = policies(config);
  if (of === 'repartition' && (policy.has('compact') || !policy.has('delete'))) {
    const why = 'the broker would remove records of a key before they were processed';
    wrong(`${option}: cleanup.policy cannot be '${given}': ${why}; leave it out`);
  }
  if (of === 'changelog' && !policy.has('compact')) {
    const why = 'the broker would delete state that is still needed';
    wrong(`${option}: cleanup.policy must have compact, or ${why}; write compact, or compact,delete`);
  }
}

function policies(config: TopicConfig): Set<string> {
  return new Set(config['cleanup.policy']?.split(',').map((policy) => policy.trim()));
}

function wrong(text: string): never {
  throw new FatalError('CONFIGURATION_INVALID', text);
}
