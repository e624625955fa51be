// Internal topics: checks the topics that must be there, creates those of the application's own.
import type { KafkaPort, NewTopic } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import type { StoreSpec } from '../api/stores.ts';
import { validatePartitions } from '../topology/validate.ts';
import type { Topology } from '../topology/topology.ts';
import {
  changelogConfig,
  repartitionConfig,
  wrongCleanup,
  type InternalTopicSettings,
} from './internal-topic-settings.ts';
import { countRepartitionTopics } from './repartition-counts.ts';
import { withInput } from './topic-patterns.ts';
import type { TopicNames } from './topic-names.ts';

/** What {@link prepareTopics} works on. */
export interface PrepareTopicsOptions {
  kafka: KafkaPort;
  topology: Topology;
  names: TopicNames;
  internalTopics: InternalTopicSettings;
  deadLetterTopic: string | undefined;
}

/**
 * Makes sure that every topic is there with the right number of partitions.
 * @throws FatalError that lists every topic that is missing or wrong, with the remedy.
 */
export async function prepareTopics({
  kafka,
  topology: resolved,
  names,
  internalTopics: settings,
  deadLetterTopic,
}: PrepareTopicsOptions): Promise<void> {
  const topology = withInput(resolved);
  const taken = takenChangelogs(topology, names, deadLetterTopic);
  if (taken.length > 0) throw new FatalError('TOPOLOGY_INVALID', taken.join('\n'));
  const unclean = topology.subTopologies.flatMap(({ stores }) =>
    stores.filter(hasOwnChangelog).flatMap((store) => wrongCleanup(store, settings.config) ?? []),
  );
  if (unclean.length > 0) throw new FatalError('CONFIGURATION_INVALID', unclean.join('\n'));
  const own = new Set(topology.repartitionTopics.map(({ name }) => name));
  const sources = topology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics : []));
  const sinks = topology.nodes.flatMap((n) =>
    n.kind === 'sink' && typeof n.topic === 'string' ? [n.topic] : [],
  );
  const published = topology.subTopologies.flatMap(({ stores }) =>
    stores.flatMap(({ changelogTopic }) => changelogTopic ?? []),
  );
  const foreign = [
    ...new Set([
      ...sources,
      ...topology.globalTables.map(({ topic }) => topic),
      ...sinks,
      ...published,
      ...(deadLetterTopic === undefined ? [] : [deadLetterTopic]),
    ]),
  ];
  const described = await kafka.describeTopics(foreign.filter((topic) => !own.has(topic)));
  const counts = new Map([...described.values()].map(({ name, partitions }) => [name, partitions]));
  const missing = foreign.filter((topic) => !own.has(topic) && !counts.has(topic));
  if (missing.length > 0) {
    const which = missing.length === 1 ? `topic ${missing[0]} does` : `topics ${missing.join(', ')} do`;
    throw new FatalError('TOPIC_UNKNOWN', `${which} not exist; create it before the application starts`);
  }
  countRepartitionTopics(topology, counts);
  const problems = [
    ...validatePartitions(topology, (topic) => counts.get(topic)),
    ...wrongChangelogs(topology, counts),
  ];
  if (problems.length > 0) throw new FatalError('TOPIC_PARTITIONS_WRONG', problems.join('\n'));
  await createTopics(kafka, wantedTopics(topology, names, counts, settings));
}

/** What is wrong with topics of the user's that are to be changelogs. */
function wrongChangelogs(topology: Topology, counts: ReadonlyMap<string, number>): string[] {
  return topology.subTopologies.flatMap(({ sourceTopics, stores }) => {
    const wanted = tasksOf(sourceTopics, counts);
    return stores.flatMap(({ name, changelogTopic }) => {
      const found = changelogTopic === undefined ? wanted : counts.get(changelogTopic);
      if (found === wanted) return [];
      return [
        `topic ${changelogTopic}, the changelog of store ${name}, has ${found} partitions; give it ${wanted}, as the input has`,
      ];
    });
  });
}

/**
 * Topics of the user's that are to be changelogs, and hold something else: see `validate` for those of the
 * topology.
 */
function takenChangelogs(
  topology: Topology,
  names: TopicNames,
  deadLetterTopic: string | undefined,
): string[] {
  const own = new Set(internalTopics(topology, names));
  const stores = topology.subTopologies.flatMap((part) => part.stores);
  return stores.flatMap(({ name, changelogTopic }) => {
    if (changelogTopic === undefined) return [];
    const what = `topic ${changelogTopic}, the changelog of store ${name},`;
    if (changelogTopic === deadLetterTopic)
      return [`${what} is the dead-letter topic; give the store a topic of its own`];
    return own.has(changelogTopic)
      ? [`${what} is an internal topic of the application; give the store a topic of its own`]
      : [];
  });
}

/** How many tasks read these topics. */
function tasksOf(sourceTopics: readonly string[], counts: ReadonlyMap<string, number>): number {
  return Math.max(1, ...sourceTopics.map((topic) => counts.get(topic) ?? 1));
}

/** Whether a store's changelog is a topic of the application's own. */
function hasOwnChangelog({ changelog, changelogTopic }: StoreSpec): boolean {
  return changelog && changelogTopic === undefined;
}

/** The names of an application's own topics: repartition topics and changelogs. */
export function internalTopics(topology: Topology, names: TopicNames): string[] {
  const stores = topology.subTopologies.flatMap((part) => part.stores);
  return [
    ...topology.repartitionTopics.map(({ name }) => names.full(name)),
    ...stores.filter(hasOwnChangelog).map(names.changelog),
  ];
}

function wantedTopics(
  topology: Topology,
  names: TopicNames,
  counts: ReadonlyMap<string, number>,
  { replicationFactor, config }: InternalTopicSettings,
): NewTopic[] {
  const repartition = topology.repartitionTopics.map(({ name }) => ({
    name: names.full(name),
    partitions: counts.get(name) ?? 1,
    replicationFactor,
    config: repartitionConfig(config),
  }));
  const changelogs = topology.subTopologies.flatMap(({ sourceTopics, stores }) =>
    stores.filter(hasOwnChangelog).map((store) => ({
      name: names.changelog(store),
      partitions: tasksOf(sourceTopics, counts),
      replicationFactor,
      config: changelogConfig(store, config),
    })),
  );
  return [...repartition, ...changelogs];
}

async function createTopics(kafka: KafkaPort, wanted: readonly NewTopic[]): Promise<void> {
  if (wanted.length === 0) return;
  const existing = await kafka.describeTopics(wanted.map(({ name }) => name));
  const wrong = wanted.filter(
    ({ name, partitions }) => (existing.get(name)?.partitions ?? partitions) !== partitions,
  );
  if (wrong.length > 0) {
    const list = wrong.map(
      (t) => `${t.name} has ${existing.get(t.name)?.partitions} partitions, not ${t.partitions}`,
    );
    throw new FatalError(
      'TOPIC_PARTITIONS_WRONG',
      `${list.join('; ')}: the input's partitions have changed; reset the application or start it under another id`,
    );
  }
  const missing = wanted.filter(({ name }) => !existing.has(name));
  if (missing.length === 0) return;
  await kafka.createTopics(missing).catch((error: unknown) => {
    if (!(error instanceof FatalError) || error.code !== 'BROKER_REFUSED') throw error;
    const remedy = 'correct replicationFactor or internalTopicConfig, or give the cluster what they ask for';
    throw new FatalError('CONFIGURATION_INVALID', `${error.message}; ${remedy}`, { cause: error });
  });
}
