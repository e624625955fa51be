// The topics that an application makes for itself, and the changelog topics that it refuses.
import type { KafkaPort, NewTopic, TopicDescription } from '@activity/kafka';
import { expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { tumbling } from '../dsl/windows.ts';
import type { Topology } from '../topology/topology.ts';
import { prepareTopics } from './internal-topics.ts';
import { topicNames } from './topic-names.ts';

const strings = { key: stringSerde, value: stringSerde };

/** Prepares the topics of an application on a broker that has these; returns those that are created. */
async function created(
  topology: Topology,
  there: readonly string[],
  deadLetterTopic?: string,
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
  const names = topicNames('app', topology);
  await prepareTopics({ kafka: kafka as KafkaPort, topology, names, deadLetterTopic });
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
