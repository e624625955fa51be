// The contract of the port on a real broker: topics, offsets, commits and fetches.
import { servers } from '@activity/testbed/testing';
import { CompressionTypes, ConfigResourceTypes } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FatalError, TaskCorruptedError } from '../errors.ts';
import { anyoneIn, commitOf, memberOf, readPartition, valuesOf, type Write } from '../testing/commits.ts';
import { connectWitness, uniqueName, type Witness } from '../testing/witness.ts';
import { partitionOf } from '../format/murmur2.ts';
import type { CommitWriter, KafkaPort } from './port.ts';
import { RecordBatches } from '../format/record-batches.ts';
import { createKafka } from './wire-port.ts';

let kafka: KafkaPort;
let witness: Witness;

beforeAll(async () => {
  kafka = createKafka({ brokers: [servers().kafka], clientId: 'wire-port' });
  witness = await connectWitness(servers().kafka);
});

afterAll(async () => {
  await kafka.close();
  await witness[Symbol.asyncDispose]();
});

async function openWriter(transactionalId: string | null): Promise<CommitWriter> {
  const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs: 20_000 });
  await writer.open();
  return writer;
}

describe('topics', () => {
  test('that exist are described, others are absent', async () => {
    const topic = await witness.createTopic(uniqueName('described'), 5);
    const other = await witness.createTopic(uniqueName('described'), 1);
    const described = await kafka.describeTopics([topic, other, 'no-such-topic']);
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    expect([...described]).toEqual([
      [topic, { name: topic, id, partitions: 5 }],
      [other, { name: other, id, partitions: 1 }],
    ]);
    expect(described.get(topic)?.id).not.toBe(described.get(other)?.id);
  });

  test('are created with their settings; one that is there is no error and stays as it is', async () => {
    const name = uniqueName('created');
    const wanted = {
      name,
      partitions: 3,
      replicationFactor: -1,
      config: { 'cleanup.policy': 'compact,delete', 'retention.ms': '12345' },
    };
    await kafka.createTopics([wanted]);
    await kafka.createTopics([
      { ...wanted, partitions: 9 },
      { ...wanted, name: `${name}-2` },
    ]);
    const described = await kafka.describeTopics([name, `${name}-2`]);
    expect([...described.values()].map(({ partitions }) => partitions)).toEqual([3, 3]);
    const { resources } = await witness.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: ['cleanup.policy', 'retention.ms'] }],
    });
    const entries = resources[0]?.configEntries.map(({ configName, configValue }) => [
      configName,
      configValue,
    ]);
    expect(entries?.toSorted()).toEqual([
      ['cleanup.policy', 'compact,delete'],
      ['retention.ms', '12345'],
    ]);
  });

  test('that cannot be created are an error that names them', async () => {
    const config = { 'cleanup.policy': 'nonsense' };
    const failing = kafka.createTopics([
      { name: 'bad-settings', partitions: 1, replicationFactor: -1, config },
    ]);
    await expect(failing).rejects.toThrowError(FatalError);
    await expect(failing).rejects.toThrowError('creating topic bad-settings');
  });
});

describe('offsets of a topic', () => {
  test('are the first and the last, past open transactions too', async () => {
    const topic = await witness.createTopic(uniqueName('offsets'), 2);
    const partitions = [0, 1].map((partition) => ({ topic, partition }));
    expect([...(await kafka.listOffsets(partitions, 'latest')).values()]).toEqual([0, 0]);
    await witness.send(topic, [
      { key: 'a', value: '1', partition: 0 },
      { key: 'a', value: '2', partition: 0 },
    ]);
    const producer = await witness.producer(uniqueName('tx'));
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: 'open', partition: 0 }] });
    expect(Object.fromEntries(await kafka.listOffsets(partitions, 'latest'))).toEqual({
      [`${topic}-0`]: 3,
      [`${topic}-1`]: 0,
    });
    await transaction.abort();
    await witness.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
    expect((await kafka.listOffsets(partitions, 'earliest')).get(`${topic}-0`)).toBe(1);
    expect(await kafka.listOffsets([], 'earliest')).toEqual(new Map());
  });
});

test('offsets that an open transaction holds are named, and the others of the group are not waited for', async () => {
  const topic = await witness.createTopic(uniqueName('held'), 3);
  const group = await memberOf(kafka, uniqueName('group'));
  const writer = await openWriter(uniqueName('tx'));
  const committed = [0, 1].map((partition) => ({ topic, partition, offset: 7 }));
  await writer.commit(commitOf(group, [], committed));
  const producer = await witness.producer(uniqueName('tx'));
  const transaction = await producer.transaction();
  const topics = [{ topic, partitions: [{ partition: 0, offset: '9' }] }];
  await transaction.sendOffsets({ consumerGroupId: group.groupId, topics });
  const partitions = [0, 1, 2].map((partition) => ({ topic, partition }));
  expect(await kafka.stableOffsets(group.groupId, partitions)).toMatchObject({
    offsets: [{ topic, partition: 1, offset: 7 }],
    unstable: [{ topic, partition: 0 }],
  });
  const waited = kafka.committedOffsets(group.groupId, partitions);
  await transaction.abort();
  expect((await waited).map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 7],
    [1, 7],
  ]);
  expect((await kafka.stableOffsets(group.groupId, partitions)).unstable).toEqual([]);
  await writer.close();
});

test('a commit that failed is ended when its writer closes: nobody waits for its time to run out', async () => {
  const topic = await witness.createTopic(uniqueName('failed'), 1);
  const group = await memberOf(kafka, uniqueName('group'));
  const writer = kafka.createWriter({ transactionalId: uniqueName('tx'), transactionTimeoutMs: 120_000 });
  await writer.open();
  const stale = { ...group, generationId: group.generationId + 1 };
  const offsets = [{ topic, partition: 0, offset: 1 }];
  const commit = writer.commit(commitOf(stale, [[topic, 0, 'k', 'failed']], offsets));
  await expect(commit).rejects.toMatchObject({ code: 'GENERATION_STALE' });
  await writer.close();
  await witness.send(topic, [{ key: 'k', value: 'behind', partition: 0 }]);
  expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(['behind']);
  expect((await kafka.stableOffsets(group.groupId, [{ topic, partition: 0 }])).unstable).toEqual([]);
});

describe.each([
  ['a transactional writer', (): string | null => uniqueName('tx')],
  ['a writer without transactions', (): string | null => null],
])('%s', (_kind, id) => {
  test('writes keys, values, nulls, headers and times that another client reads', async () => {
    const topic = await witness.createTopic(uniqueName('written'), 1);
    const writer = await openWriter(id());
    const records = new RecordBatches();
    records.append(topic, 0, 1_600_000_000_000, 'schlüssel 🌍', 'wert 🌍', [
      { key: 'h', value: Buffer.from('1') },
    ]);
    records.append(topic, 0, 1_500_000_000_000, null, null, []);
    records.append(topic, 0, 1_700_000_000_000, Buffer.from([0xff]), Buffer.from([0xfe]), []);
    const ends = await writer.commit({ records, offsets: [], group: anyoneIn('nobody') });
    expect(ends).toEqual(new Map([[`${topic}-0`, 3]]));
    const seen = await witness.readCommitted(topic);
    expect(seen.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
      ['schlüssel 🌍', 'wert 🌍', 1_600_000_000_000],
      [null, null, 1_500_000_000_000],
      ['\ufffd', '\ufffd', 1_700_000_000_000],
    ]);
    const own = (await readPartition(kafka, topic, 0)).records.slice(0, 3);
    expect(own[0]?.headers).toEqual([{ key: 'h', value: Buffer.from('1') }]);
    expect([own[1]?.key, own[1]?.value]).toEqual([null, null]);
    expect(own[2]?.key).toEqual(Buffer.from([0xff]));
    await writer.close();
  });

  test('commits many times in a row, records and offsets, without a refusal', async () => {
    const topic = await witness.createTopic(uniqueName('in-a-row'), 4);
    const group = await memberOf(kafka, uniqueName('group'));
    const writer = await openWriter(id());
    const commits = 150;
    for (let n = 0; n < commits; n++) {
      const writes = [0, 1, 2, 3].map((partition): Write => [topic, partition, 'k', `${n}`]);
      const offsets = [0, 1, 2, 3].map((partition) => ({ topic, partition, offset: n + 1 }));
      await writer.commit(commitOf(group, writes, offsets));
    }
    expect(await witness.committedOffsets(group.groupId, topic)).toEqual([
      commits,
      commits,
      commits,
      commits,
    ]);
    const values = (await witness.readCommitted(topic)).map(({ value }) => Number(value));
    expect(values).toEqual([0, 1, 2, 3].flatMap(() => Array.from({ length: commits }, (_, n) => n)));
    await writer.close();
  });

  test('commits offsets alone, with their leader epoch and metadata', async () => {
    const topic = await witness.createTopic(uniqueName('offsets-alone'), 2);
    const group = await memberOf(kafka, uniqueName('group'));
    const writer = await openWriter(id());
    const offset = { topic, partition: 1, offset: 17, leaderEpoch: 3, metadata: 't=1700000000000' };
    await writer.commit({ records: new RecordBatches(), offsets: [offset], group });
    const partitions = [0, 1].map((partition) => ({ topic, partition }));
    expect(await kafka.committedOffsets(group.groupId, partitions)).toEqual([offset]);
    await writer.close();
  });

  test('reports a topic that is not there', async () => {
    const writer = await openWriter(id());
    const commit = writer.commit(commitOf(anyoneIn('nobody'), [['no-such-topic', 0, 'k', 'v']]));
    await expect(commit).rejects.toThrowError(/no-such-topic|UNKNOWN_TOPIC/);
    await writer.close();
  });

  test('commits nothing after it was closed, nor before it was opened', async () => {
    const topic = await witness.createTopic(uniqueName('closed'), 1);
    const commit = commitOf(anyoneIn('nobody'), [[topic, 0, 'k', 'v']]);
    const unopened = kafka.createWriter({ transactionalId: id(), transactionTimeoutMs: 20_000 });
    await expect(unopened.commit(commit)).rejects.toThrowError('before open()');
    const writer = await openWriter(id());
    await writer.close();
    await writer.close();
    await expect(writer.commit(commit)).rejects.toThrowError('the writer was closed');
    expect(await witness.readCommitted(topic)).toEqual([]);
  });

  test('is refused a record without a key by a compacted topic, for good', async () => {
    const topic = await witness.createTopic(uniqueName('compacted'), 1, { 'cleanup.policy': 'compact' });
    const writer = await openWriter(id());
    const commit = writer.commit(commitOf(anyoneIn('nobody'), [[topic, 0, null, 'v']]));
    await expect(commit).rejects.toThrowError(FatalError);
    await expect(commit).rejects.toThrowError(topic);
    await writer.close();
  });
});

describe('a fetcher', () => {
  test('reads many partitions at once, and reports where each ends', async () => {
    const topic = await witness.createTopic(uniqueName('fetched'), 3);
    await witness.send(
      topic,
      [0, 1, 1, 2, 2, 2].map((partition, i) => ({ key: 'k', value: `${i}`, partition })),
    );
    const fetcher = kafka.createFetcher();
    const found = new Map<number, unknown>();
    const positions = [0, 1, 2].map((partition) => ({ topic, partition, offset: 0 }));
    while (found.size < 3) {
      for (const { partition, fetchOffset, nextOffset, endOffset, records } of await fetcher.fetch(
        positions,
        200,
      )) {
        found.set(partition, [fetchOffset, nextOffset, endOffset, valuesOf(records)]);
      }
    }
    expect(Object.fromEntries(found)).toEqual({
      0: [0, 1, 1, ['0']],
      1: [0, 2, 2, ['1', '2']],
      2: [0, 3, 3, ['3', '4', '5']],
    });
    await fetcher.close();
  });

  test('begins in the middle of a batch where it is asked to', async () => {
    const topic = await witness.createTopic(uniqueName('middle'), 1);
    await witness.send(
      topic,
      Array.from({ length: 10 }, (_, i) => ({ key: 'k', value: `${i}`, partition: 0 })),
    );
    const { records } = await readPartition(kafka, topic, 0, 7);
    expect(records.map(({ offset, value }) => [offset, String(value)])).toEqual([
      [7, '7'],
      [8, '8'],
      [9, '9'],
    ]);
  });

  test('waits no longer than it is told where there is nothing', async () => {
    const topic = await witness.createTopic(uniqueName('nothing'), 1);
    const fetcher = kafka.createFetcher();
    const began = performance.now();
    const answers = await fetcher.fetch([{ topic, partition: 0, offset: 0 }], 300);
    expect(answers.flatMap(({ records }) => records)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(5000);
    await fetcher.close();
  });

  test('sees nothing of an open transaction, and all of it when it is committed', async () => {
    const topic = await witness.createTopic(uniqueName('open'), 1);
    const producer = await witness.producer(uniqueName('tx'));
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: 'in', partition: 0 }] });
    await witness.send(topic, [{ key: 'k', value: 'behind', partition: 0 }]);
    const fetcher = kafka.createFetcher();
    const position = { topic, partition: 0, offset: 0 };
    const before = await fetcher.fetch([position], 100);
    expect(
      before.map(({ records, endOffset, nextOffset }) => [records.length, endOffset, nextOffset]),
    ).toEqual([[0, 0, 0]]);
    await transaction.commit();
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(['in', 'behind']);
    await fetcher.close();
  });

  test('reads what another client has compressed', async () => {
    const topic = await witness.createTopic(uniqueName('compressed'), 1);
    const producer = await witness.producer();
    const messages = Array.from({ length: 50 }, (_, i) => ({
      key: `${i}`,
      value: 'x'.repeat(200),
      partition: 0,
    }));
    await producer.send({ topic, messages, compression: CompressionTypes.GZIP });
    const { records } = await readPartition(kafka, topic, 0);
    expect(records.map(({ key }) => String(key))).toEqual(messages.map(({ key }) => key));
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'reads a topic that the broker compresses by %s',
    async (algorithm) => {
      const topic = await witness.createTopic(uniqueName(algorithm), 1, { 'compression.type': algorithm });
      const writer = await openWriter(null);
      const values = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(200)}`);
      await writer.commit(
        commitOf(
          anyoneIn('nobody'),
          values.map((value): Write => [topic, 0, 'k', value]),
        ),
      );
      expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(values);
      await writer.close();
    },
  );

  test.each([
    ['before what is left', 0],
    ['past the end', 1000],
  ])('reports an offset %s', async (_where, offset) => {
    const topic = await witness.createTopic(uniqueName('gone'), 1);
    await witness.send(
      topic,
      [1, 2, 3].map((n) => ({ key: 'k', value: `${n}`, partition: 0 })),
    );
    await witness.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    const fetcher = kafka.createFetcher();
    const fetched = fetcher.fetch([{ topic, partition: 0, offset }], 100);
    await expect(fetched).rejects.toThrowError(TaskCorruptedError);
    await expect(fetched).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    const [again] = await fetcher.fetch([{ topic, partition: 0, offset: 2 }], 100);
    expect(valuesOf(again?.records ?? [])).toEqual(['3']);
    await fetcher.close();
  });

  test('brings more than one answer holds, in order and without a gap', async () => {
    const topic = await witness.createTopic(uniqueName('long'), 1);
    const writer = await openWriter(null);
    const values = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(20_000)}`);
    await writer.commit(
      commitOf(
        anyoneIn('nobody'),
        values.map((value): Write => [topic, 0, 'k', value]),
      ),
    );
    const { records, fetches } = await readPartition(kafka, topic, 0);
    expect(fetches.length).toBeGreaterThan(1);
    expect(records.map(({ offset }) => offset)).toEqual(values.map((_, i) => i));
    expect(valuesOf(records)).toEqual(values);
    await writer.close();
  });
});

test('a key goes to the partition that another client puts it in', async () => {
  const topic = await witness.createTopic(uniqueName('partitioned'), 7);
  const keys = Array.from({ length: 60 }, (_, i) => `schlüssel-${i}-🌍`);
  await witness.send(
    topic,
    keys.map((key) => ({ key, value: 'v' })),
  );
  const seen = await witness.readCommitted(topic);
  expect(seen).toHaveLength(60);
  for (const { key, partition } of seen) expect(partitionOf(key ?? '', 7)).toBe(partition);
});

test('an unknown group has no offsets', async () => {
  const topic = await witness.createTopic(uniqueName('no-group'), 1);
  expect(await kafka.committedOffsets(uniqueName('group'), [{ topic, partition: 0 }])).toEqual([]);
});

test('a broker that is not there is an error that says where, within a bound', async () => {
  const nowhere = createKafka({
    brokers: ['127.0.0.1:1'],
    clientId: 'nowhere',
    requestTimeoutMs: 1000,
    retryForMs: 2000,
  });
  const began = performance.now();
  await expect(nowhere.describeTopics(['a'])).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  expect(performance.now() - began).toBeLessThan(10_000);
  await nowhere.close();
});
