// What an application refuses to start with, what the broker refuses, and inputs that are not what they were.
import { servers } from '@activity/testbed/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniqueName } from '@activity/kafka/testing';
import { describe, expect, test } from 'vitest';
import { FatalError } from './api/errors.ts';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { type StreamsOptions } from './start.ts';
import { createTopics } from './testing-support/counts-run.ts';
import { copying, runningApps, strings, until } from './testing-support/running-apps.ts';
import { type Topology } from './topology/topology.ts';
import countsTopology from './testing-support/counts-topology.ts';

const apps = runningApps(() => servers().kafka);

describe('starting', () => {
  test.each<[string, (known: string) => Topology, Partial<StreamsOptions>, string]>([
    [
      'an input',
      (known) => copying('no-such-input', known),
      {},
      'topic no-such-input does not exist; create it',
    ],
    [
      'an output',
      (known) => copying(known, 'no-such-output'),
      {},
      'topic no-such-output does not exist; create it',
    ],
    [
      'several topics',
      () => copying('no-such-input', 'no-such-output'),
      {},
      'topics no-such-input, no-such-output do not exist; create',
    ],
    [
      'the dead-letter topic',
      (known) => copying(known, known),
      { onFailure: { processing: 'deadLetter' }, deadLetterTopic: 'no-such-dead' },
      'topic no-such-dead does not exist; create it',
    ],
  ])('without %s fails and names it', async (_what, topology, options, message) => {
    const known = await apps.witness.createTopic(uniqueName('known'), 1);
    const app = apps.create(topology(known), options);
    await expect(app.streams.start()).rejects.toThrowError(message);
  });

  test('with topics that do not fit together fails and says how many partitions each has', async () => {
    const one = await apps.witness.createTopic(uniqueName('one'), 1);
    const two = await apps.witness.createTopic(uniqueName('two'), 2);
    const builder = new StreamsBuilder();
    builder.stream([one, two], strings).foreach(() => {});
    const app = apps.create(builder.build());
    await expect(app.streams.start()).rejects.toThrowError(`${one} (1) and ${two} (2); use repartition()`);
  });

  test('with a store whose changelog topic is missing, or has other partitions, fails and names it', async () => {
    const input = await apps.witness.createTopic(uniqueName('in'), 2);
    const published = uniqueName('published');
    const topology = (): Topology => {
      const builder = new StreamsBuilder();
      const options = { kind: 'keyValue', key: stringSerde, value: stringSerde } as const;
      const store = builder.addStore({ name: 'store', ...options, changelogTopic: published });
      builder.stream(input, strings).process(() => ({ process() {} }), { stores: [store] });
      return builder.build();
    };
    await expect(apps.create(topology()).streams.start()).rejects.toThrowError(
      `topic ${published} does not exist`,
    );
    await apps.witness.createTopic(published, 3);
    await expect(apps.create(topology()).streams.start()).rejects.toThrowError(
      `topic ${published}, the changelog of store store, has 3 partitions; give it 2`,
    );
  });

  test('after the input’s partitions have changed fails and says what to do', async () => {
    const topics = await createTopics(apps.witness, 2);
    const first = apps.create(countsTopology({ topics }));
    await first.streams.start();
    await apps.untilRunning(first);
    await first.streams.close();
    await apps.witness.admin.createPartitions({ topicPartitions: [{ topic: topics.input, count: 3 }] });
    await until(async () => {
      expect((await apps.witness.admin.fetchTopicOffsets(topics.input)).length).toBe(3);
    });
    const second = apps.create(countsTopology({ topics }));
    await expect(second.streams.start()).rejects.toThrowError(
      `${apps.applicationId}-by-key-changelog has 2 partitions, not 3`,
    );
    await expect(second.streams.start()).rejects.toThrowError('start() was called twice');
  });

  test('twice on one state folder fails and says who has it', async () => {
    const topics = await createTopics(apps.witness, 1);
    const stateDir = mkdtempSync(join(tmpdir(), 'streams-state-'));
    const [first, second] = [1, 2].map(() => apps.create(countsTopology({ topics }), { stateDir }));
    await first?.streams.start();
    await expect(second?.streams.start()).rejects.toThrowError(`is used by process ${process.pid}`);
    await first?.streams.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  test.each<[string, Partial<StreamsOptions>, string]>([
    ['no dead-letter topic', { onFailure: { processing: 'deadLetter' } }, 'set deadLetterTopic too'],
    ['no thread', { threads: 0 }, 'threads must be 1 or more, not 0'],
    ['threads and no module', { threads: 2 }, 'threads need the topology as a module'],
  ])('is refused with %s before anything happens', (_what, options, message) => {
    expect(() => apps.create(copying('a', 'b'), options)).toThrowError(FatalError);
    expect(() => apps.create(copying('a', 'b'), options)).toThrowError(message);
  });
});

describe('what the broker refuses', () => {
  test('a record that is too large for its topic stops the application, with topic and remedy', async () => {
    const input = await apps.witness.createTopic(uniqueName('in'), 1);
    const output = await apps.witness.createTopic(uniqueName('out'), 1, { 'max.message.bytes': '2000' });
    const app = apps.create(copying(input, output));
    await app.streams.start();
    await apps.witness.send(input, [{ key: 'k', value: 'x'.repeat(10_000) }]);
    await until(() => expect(app.streams.state).toBe('ERROR'));
    expect(app.errors[0]).toContain(
      `producing to ${output}-0: MESSAGE_TOO_LARGE; write smaller values, or raise`,
    );
    expect(await apps.witness.committedOffsets(apps.applicationId, input)).toEqual([-1]);
  });

  test('a topic chosen by record that does not exist stops the application, and is named', async () => {
    const input = await apps.witness.createTopic(uniqueName('in'), 1);
    const builder = new StreamsBuilder();
    builder.stream(input, strings).to(() => 'no-such-topic');
    const app = apps.create(builder.build());
    await app.streams.start();
    await apps.witness.send(input, [{ key: 'k', value: 'v' }]);
    await until(() => expect(app.streams.state).toBe('ERROR'));
    expect(app.errors[0]).toMatch(/at offset 0: topic no-such-topic does not exist; create it$/);
  });
});

test('an input that was deleted and made again is read from its beginning', async () => {
  const input = await apps.witness.createTopic(uniqueName('in'), 1);
  const output = await apps.witness.createTopic(uniqueName('out'), 1);
  const first = apps.create(copying(input, output));
  await first.streams.start();
  await apps.witness.send(
    input,
    [1, 2, 3, 4, 5].map((n) => ({ key: 'k', value: `${n}` })),
  );
  await apps.untilCommitted(input);
  await first.streams.close();
  await apps.witness.admin.deleteTopics({ topics: [input] });
  await until(async () => expect(await apps.witness.admin.listTopics()).not.toContain(input));
  await apps.witness.createTopic(input, 1);
  await apps.witness.send(input, [{ key: 'k', value: 'new' }]);
  const second = apps.create(copying(input, output));
  await second.streams.start();
  await until(async () => expect(await apps.valuesIn(output)).toEqual(['1', '2', '3', '4', '5', 'new']));
});

test('an input that ends before what is committed is read from its beginning, and that is said', async () => {
  const input = await apps.witness.createTopic(uniqueName('in'), 1);
  const output = await apps.witness.createTopic(uniqueName('out'), 1);
  await apps.witness.send(input, [{ key: 'k', value: 'v' }]);
  const partitions = [{ partition: 0, offset: '100' }];
  await apps.witness.admin.setOffsets({ groupId: apps.applicationId, topic: input, partitions });
  const app = apps.create(copying(input, output));
  await app.streams.start();
  await until(async () => expect(await apps.valuesIn(output)).toEqual(['v']));
  expect(app.lines.join()).toContain(`${input}-0 ends at 1, and 100 was committed: it is a new topic`);
});

test('input that was deleted before it was read is skipped, and said', async () => {
  const input = await apps.witness.createTopic(uniqueName('in'), 1);
  const output = await apps.witness.createTopic(uniqueName('out'), 1);
  const first = apps.create(copying(input, output));
  await first.streams.start();
  await apps.witness.send(input, [{ key: 'k', value: '0' }]);
  await apps.untilCommitted(input);
  await first.streams.close();
  await apps.witness.send(
    input,
    [1, 2, 3].map((n) => ({ key: 'k', value: `${n}` })),
  );
  await apps.witness.admin.deleteTopicRecords({ topic: input, partitions: [{ partition: 0, offset: '3' }] });
  const second = apps.create(copying(input, output));
  await second.streams.start();
  await until(async () => expect(await apps.valuesIn(output)).toEqual(['0', '3']));
});
