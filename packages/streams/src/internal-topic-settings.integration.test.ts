// Settings of internal topics on a real broker: their names, how they are created, and the reset of them.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createKafka, type KafkaPort } from '@activity/kafka';
import { uniqueName } from '@activity/kafka/testing';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { resetApplication } from './reset.ts';
import { stringSerde } from './api/serde.ts';
import { runningApps, strings, until } from './testing-support/running-apps.ts';
import type { Topology } from './topology/topology.ts';

const apps = runningApps(() => servers().kafka);
let kafka: KafkaPort;

beforeAll(() => {
  kafka = createKafka({ brokers: [servers().kafka], clientId: 'test' });
});
afterAll(() => kafka.close());

/** Counts the values of every topic whose name has `name` in it. */
function counting(name: string, output: string): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(new RegExp(name), strings)
    .groupBy((_key, value) => value, { ...strings, name: 'by-value' })
    .count({ store: 'counts' })
    .toStream()
    .mapValues(String, { value: stringSerde })
    .to(output);
  return builder.build();
}

test('topics have the prefix and the settings, are no input of a pattern, and are found by the reset', async () => {
  const [name, output] = [uniqueName('prefixed'), uniqueName('out')];
  await apps.witness.createTopic(output, 1);
  await apps.witness.createTopic(`${name}-in`, 2);
  await apps.witness.send(`${name}-in`, [{ key: 'k', value: 'v' }]);
  // Its internal topics match the pattern too.
  const prefix = `team.${name}`;
  const topology = counting(name, output);
  const app = apps.create(topology, {
    internalTopicPrefix: prefix,
    replicationFactor: 1,
    internalTopicConfig: {
      changelog: { 'min.compaction.lag.ms': '1234' },
      repartition: { 'segment.ms': '5678' },
    },
    metadataMaxAgeMs: 300,
  });
  await app.streams.start();
  await until(async () => expect(await apps.valuesIn(output)).toEqual(['1']));
  // The plan of the next assignment is made when its internal topics are there.
  await apps.witness.createTopic(`${name}-later`, 1);
  await apps.witness.send(`${name}-later`, [{ key: 'k', value: 'v' }]);
  await until(async () => expect(await apps.valuesIn(output)).toEqual(['1', '2']));
  const own = [`${prefix}-by-value-repartition`, `${prefix}-counts-changelog`];
  const listed = async (): Promise<string[]> =>
    (await kafka.listTopics()).filter((topic) => topic.startsWith(prefix));
  expect((await listed()).toSorted()).toEqual(own);
  const settings = await kafka.topicSettings(own, ['min.compaction.lag.ms', 'segment.ms', 'cleanup.policy']);
  expect(
    settings.filter((setting) => setting.own).map(({ topic, name: of, value }) => `${topic} ${of}=${value}`),
  ).toEqual(
    expect.arrayContaining([
      `${own[0]} segment.ms=5678`,
      `${own[0]} cleanup.policy=delete`,
      `${own[1]} min.compaction.lag.ms=1234`,
      `${own[1]} cleanup.policy=compact`,
    ]),
  );
  const { internalTopicPrefix } = await app.streams.describe();
  expect(internalTopicPrefix).toBe(prefix);
  await app.streams.close();

  const application = { applicationId: apps.applicationId, brokers: [servers().kafka] };
  expect(await resetApplication({ ...application, dryRun: true })).toMatchObject({ topics: [] });
  const wanted = { ...application, internalTopicPrefix: prefix, dryRun: true };
  expect(await resetApplication({ ...wanted, topology })).toMatchObject({ topics: own });
  const main = join(import.meta.dirname, 'reset', 'main.ts');
  const args = ['--application-id', apps.applicationId, '--internal-topic-prefix', prefix];
  const { stdout } = await promisify(execFile)(process.execPath, [
    main,
    '--bootstrap-server',
    servers().kafka,
    ...args,
  ]);
  expect(stdout).toBe(own.map((topic) => `topic ${topic} deleted\n`).join(''));
  await until(async () => expect(await listed()).toEqual([]));
});

test.each([
  ['more replicas than brokers', { replicationFactor: 3 }, 'replication factor'],
  ['a setting that Kafka does not know', { internalTopicConfig: { changelog: { bogus: '1' } } }, 'bogus'],
])('%s: the application does not start, and the error has the remedy', async (_what, options, reason) => {
  const [input, output] = [uniqueName('refused'), uniqueName('out')];
  for (const topic of [input, output]) await apps.witness.createTopic(topic, 1);
  const starting = apps.create(counting(input, output), options).streams.start();
  await expect(starting).rejects.toMatchObject({
    code: 'CONFIGURATION_INVALID',
    message: expect.stringContaining('; correct replicationFactor or internalTopicConfig'),
  });
  await expect(starting).rejects.toThrowError(new RegExp(reason, 'i'));
});
