// The topics that an application makes for itself, and the changelog topics that it refuses.
import type { KafkaPort, NewTopic, TopicDescription } from '@activity/kafka';
import { expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { tumbling } from '../dsl/windows.ts';
import type { Topology } from '../topology/topology.ts';
import {
  internalTopicSettings,
  type InternalTopicConfig,
  type InternalTopicOptions,
} from './internal-topic-settings.ts';
import { prepareTopics } from './internal-topics.ts';
import { topicNames } from './topic-names.ts';

const strings = { key: stringSerde, value: stringSerde };

/** Prepares the topics of an application on a broker that has these; returns those that are created. */
async function created(
  topology: Topology,
  there: readonly string[],
  deadLetterTopic?: string,
  options: Partial<InternalTopicOptions> = {},
): Promise<NewTopic[]> {
  const made: NewTopic[] = [];
  const describe = (name: string): [string, TopicDescription] => [name, { name, id: name, partitions: 1 }];
  const kafka: Pick<KafkaPort, 'describeTopics' | 'createTopics'> = {
    describeTopics: async (topics) =>
      new Map(topics.filter((topic) => there.includes(topic)).map((topic) => describe(topic))),
    createTopics: async (topics) => {
      made.push(...topics);
    },
  };
  const internalTopics = internalTopicSettings({ applicationId: 'app', replicationFactor: -1, ...options });
  const names = topicNames(internalTopics.prefix, topology);
  await prepareTopics({ kafka: kafka as KafkaPort, topology, names, internalTopics, deadLetterTopic });
  return made;
}

test('records keep the times that the application gives them, whatever the default of the cluster', async () => {
  const builder = new StreamsBuilder();
  const input = builder.stream('in', strings);
  input.dedupe({ by: (value) => value, within: '1d' }).foreach(() => {});
  const grouped = input.groupBy((_key, value) => value, strings);
  grouped.count({ store: 'keyed' });
  grouped.windowedBy(tumbling({ size: '1m', grace: '1h' })).count({ store: 'windowed' });
  const topics = await created(builder.build(), ['in']);
  expect(topics).toHaveLength(4);
  for (const { name, config } of topics) {
    expect.soft(config, name).toMatchObject({
      'message.timestamp.type': 'CreateTime',
      'message.timestamp.before.max.ms': '9223372036854775807',
      'message.timestamp.after.max.ms': '9223372036854775807',
    });
  }
});

test.each([
  ['the dead-letter topic', 'dead', 'dead'],
  ['an internal topic of the application', 'app-other-changelog', undefined],
])('a changelog topic that is %s is refused', async (what, changelogTopic, deadLetterTopic) => {
  const builder = new StreamsBuilder();
  const options = { kind: 'keyValue', ...strings } as const;
  const stores = [
    builder.addStore({ name: 'store', ...options, changelogTopic }),
    builder.addStore({ name: 'other', ...options }),
  ];
  builder.stream('in', strings).process(() => ({ process() {} }), { stores });
  await expect(created(builder.build(), ['in', changelogTopic], deadLetterTopic)).rejects.toThrowError(
    `topic ${changelogTopic}, the changelog of store store, is ${what}; give the store a topic of its own`,
  );
});

function counting(): Topology {
  const builder = new StreamsBuilder();
  const grouped = builder.stream('in', strings).groupBy((_key, value) => value, { ...strings, name: 'by' });
  grouped.count({ store: 'keyed' });
  grouped.windowedBy(tumbling({ size: '1m', grace: 0 })).count({ store: 'windowed' });
  return builder.build();
}

test('the settings that are given are theirs, above the defaults', async () => {
  const topics = await created(counting(), ['in'], undefined, {
    internalTopicPrefix: 'team.app',
    replicationFactor: 3,
    internalTopicConfig: {
      changelog: { 'min.insync.replicas': '2', 'cleanup.policy': 'compact, delete' },
      repartition: { 'segment.bytes': '1048576' },
    },
  });
  expect(topics.map(({ name, replicationFactor }) => [name, replicationFactor])).toEqual([
    ['team.app-by-repartition', 3],
    ['team.app-keyed-changelog', 3],
    ['team.app-windowed-changelog', 3],
  ]);
  expect(topics.map(({ config }) => config['cleanup.policy'])).toEqual([
    'delete',
    'compact, delete',
    'compact, delete',
  ]);
  expect(topics.map(({ config }) => config['min.insync.replicas'])).toEqual([undefined, '2', '2']);
  expect(topics.map(({ config }) => config['segment.bytes'])).toEqual(['1048576', undefined, '52428800']);
});

test.each<[Partial<InternalTopicOptions>, string]>([
  [{ replicationFactor: 0 }, 'replicationFactor: 0 is no number of replicas; give 1 or more, or -1'],
  [{ replicationFactor: 1.5 }, 'replicationFactor: 1.5'],
  [{ internalTopicPrefix: 'a b' }, "no topic's name can begin with 'a b'; use 1 to 200 letters"],
  [{ internalTopicPrefix: '' }, "no topic's name can begin with ''"],
  [
    { internalTopicConfig: { changelog: { 'message.timestamp.type': 'LogAppendTime' } } },
    'changelog: message.timestamp.type cannot be set: the engine needs the times of records',
  ],
  [
    { internalTopicConfig: { changelog: { 'cleanup.policy': 'delete' } } },
    'changelog: cleanup.policy must have compact',
  ],
  [
    { internalTopicConfig: { changelog: { 'cleanup.policy': 'compact' } } },
    'changelog: cleanup.policy must have delete too: expired entries of store windowed',
  ],
  [
    { internalTopicConfig: { repartition: { 'cleanup.policy': 'compact,delete' } } },
    "repartition: cleanup.policy cannot be 'compact,delete'",
  ],
  [
    { internalTopicConfig: { changelog: { 'retention.ms': 5 as unknown as string } } },
    "changelog: retention.ms must be text, as in Kafka's own configuration; write '5'",
  ],
  [
    { internalTopicConfig: { changelogs: {} } as InternalTopicConfig },
    'internalTopicConfig.changelogs is not known; use changelog or repartition',
  ],
])('%j is refused with the remedy', async (options, message) => {
  await expect(created(counting(), ['in'], undefined, options)).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
    message: expect.stringContaining(message),
  });
});
