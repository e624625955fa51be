// The faults of the client that the adapter works round, each on a real broker: first that the client alone still has it,
// then that the adapter does not. Where the first half fails after an upgrade, the work-round may go.
import { servers } from '@activity/local/testing';
import {
  Consumer,
  FetchIsolationLevels,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RejoinError } from '../errors.ts';
import { commitOf, memberOf, readPartition, valuesOf, type Write } from '../testing/commits.ts';
import { connectWitness, uniqueName, type Witness } from '../testing/witness.ts';
import type { CommitWriter, KafkaPort } from './port.ts';
import { createKafka } from './wire-port.ts';

type Naive = Producer<string, string, string, string>;

let kafka: KafkaPort;
let witness: Witness;
const naives: Naive[] = [];

beforeAll(async () => {
  kafka = createKafka({ brokers: [servers().kafka], clientId: 'client-faults' });
  witness = await connectWitness(servers().kafka);
  // The first transaction of a broker waits until its log of transactions is there.
  await (await openWriter(uniqueName('tx'))).close();
});

afterAll(async () => {
  await Promise.all(naives.map((producer) => producer.close(true).catch(() => {})));
  await kafka.close();
  await witness[Symbol.asyncDispose]();
});

/** The client as its documentation has it. */
function naive(
  options: {
    transactionalId?: string;
    retryDelay?: number;
    producerId?: bigint;
    producerEpoch?: number;
  } = {},
): Naive {
  const producer: Naive = new Producer({
    clientId: 'naive',
    bootstrapBrokers: [servers().kafka],
    serializers: stringSerializers,
    acks: ProduceAcks.ALL,
    idempotent: true,
    retries: 3,
    retryDelay: 5,
    timeout: 10_000,
    ...options,
  });
  naives.push(producer);
  return producer;
}

/** With what finding 1 says, so that the other faults can be seen. */
function firstNaive(transactionalId: string): Naive {
  return naive({ transactionalId, producerId: -1n, producerEpoch: -1 });
}

async function openWriter(transactionalId: string | null): Promise<CommitWriter> {
  const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs: 10_000 });
  await writer.open();
  return writer;
}

function offsetsOf(
  topic: string,
  count: number,
  offset: number,
): { topic: string; partition: number; offset: number }[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition, offset }));
}

/** Waits until no transaction is open on a topic, then answers what is committed. */
async function committedValues(topic: string): Promise<(string | null)[]> {
  return (await witness.readCommitted(topic)).map(({ value }) => value);
}

describe('1: a second start with the same transactional id', () => {
  test('is fenced, with the client alone', async () => {
    const topic = await witness.createTopic(uniqueName('fault-1n'), 1);
    const transactionalId = uniqueName('tx');
    const first = await naive({ transactionalId }).beginTransaction();
    await first.send({ messages: [{ topic, value: 'first' }] });
    await first.commit();
    const second = naive({ transactionalId });
    await expect(
      second
        .beginTransaction()
        .then((transaction) => transaction.send({ messages: [{ topic, value: 'second' }] })),
    ).rejects.toThrowError(/initProducerId/i);
  });

  test('works with the adapter, and fences the first for good', async () => {
    const topic = await witness.createTopic(uniqueName('fault-1'), 1);
    const transactionalId = uniqueName('tx');
    const group = await memberOf(kafka, uniqueName('group'));
    const first = await openWriter(transactionalId);
    await first.commit(commitOf(group, [[topic, 0, 'k', 'first']]));
    const second = await openWriter(transactionalId);
    await second.commit(commitOf(group, [[topic, 0, 'k', 'second']]));
    const late = first.commit(commitOf(group, [[topic, 0, 'k', 'of a zombie']]));
    await expect(late).rejects.toThrowError(RejoinError);
    await expect(late).rejects.toMatchObject({ code: 'PRODUCER_FENCED' });
    await second.commit(commitOf(group, [[topic, 0, 'k', 'third']]));
    expect(await committedValues(topic)).toEqual(['first', 'second', 'third']);
  });
});

describe('2: aborted records', () => {
  async function naiveRead(topic: string, count: number): Promise<string[]> {
    const consumer = new Consumer({
      clientId: 'naive',
      groupId: uniqueName('naive'),
      bootstrapBrokers: [servers().kafka],
      deserializers: stringDeserializers,
      autocommit: false,
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    });
    const stream = await consumer.consume({
      topics: [topic],
      mode: 'earliest',
      maxWaitTime: 100,
      maxBytes: 1_000_000,
    });
    const values: string[] = [];
    try {
      for await (const { value } of stream) {
        values.push(value ?? '');
        if (values.length >= count || value === 'end') break;
      }
    } finally {
      await consumer.close(true);
    }
    return values;
  }

  async function twoAbortsInOneFetch(topic: string): Promise<void> {
    const producer = await witness.producer(uniqueName('tx'));
    for (const [value, commit] of [
      ['aborted 1', false],
      ['committed 1', true],
      ['aborted 2', false],
      ['aborted 3', false],
      ['committed 2', true],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value, partition: 0 }] });
      await (commit ? transaction.commit() : transaction.abort());
    }
    await witness.send(topic, [{ key: 'k', value: 'end', partition: 0 }]);
  }

  /** More in one transaction than one fetch of a partition brings. */
  async function abortOverFetches(topic: string): Promise<void> {
    const producer = await witness.producer(uniqueName('tx'));
    const transaction = await producer.transaction();
    for (let i = 0; i < 6; i++) {
      const value = `aborted ${i} ${'x'.repeat(700_000)}`;
      await transaction.send({ topic, messages: [{ value, partition: 0 }] });
    }
    await transaction.abort();
    await witness.send(topic, [{ key: 'k', value: 'end', partition: 0 }]);
  }

  test.each([
    ['two aborts by one producer in a fetch', twoAbortsInOneFetch],
    ['an abort that spans fetches', abortOverFetches],
  ])('reach readers of the client alone: %s', async (_case, write) => {
    const topic = await witness.createTopic(uniqueName('fault-2n'), 1);
    await write(topic);
    const values = await naiveRead(topic, 20);
    expect(values.filter((value) => value.startsWith('aborted')).length).toBeGreaterThan(0);
  });

  test.each([
    ['two aborts by one producer in a fetch', twoAbortsInOneFetch, ['committed 1', 'committed 2', 'end']],
    ['an abort that spans fetches', abortOverFetches, ['end']],
  ])('never reach the fetcher: %s', async (_case, write, visible) => {
    const topic = await witness.createTopic(uniqueName('fault-2'), 1);
    await write(topic);
    const { records } = await readPartition(kafka, topic, 0);
    expect(valuesOf(records)).toEqual(visible);
  });

  test('are left out from any offset on', async () => {
    const topic = await witness.createTopic(uniqueName('fault-2o'), 1);
    await twoAbortsInOneFetch(topic);
    const { records } = await readPartition(kafka, topic, 0);
    const end = records.at(-1)?.offset ?? 0;
    for (let from = 0; from <= end; from++) {
      const later = await readPartition(kafka, topic, 0, from);
      expect(valuesOf(later.records)).toEqual(valuesOf(records.filter(({ offset }) => offset >= from)));
    }
  });
});

describe('3: the offsets of all partitions of a commit', () => {
  const partitions = 6;

  test('are not all committed by concurrent addOffset calls of the client alone', async () => {
    const topic = await witness.createTopic(uniqueName('fault-3n'), partitions);
    const out = await witness.createTopic(uniqueName('fault-3n-out'), 1);
    const groupId = uniqueName('group');
    const consumer = new Consumer({
      clientId: 'naive',
      groupId,
      bootstrapBrokers: [servers().kafka],
      deserializers: stringDeserializers,
      autocommit: false,
    });
    const messages = Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      value: 'in',
    }));
    await naive().send({ messages });
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', maxWaitTime: 100 });
    const read: Parameters<Awaited<ReturnType<Naive['beginTransaction']>>['addOffset']>[0][] = [];
    for await (const message of stream) {
      read.push(message);
      if (read.length === partitions) break;
    }
    const transaction = await firstNaive(uniqueName('tx')).beginTransaction();
    await transaction.addConsumer(consumer);
    await transaction.send({ messages: [{ topic: out, value: 'out' }] });
    await Promise.all(read.map((message) => transaction.addOffset(message)));
    await transaction.commit();
    const committed = await witness.committedOffsets(groupId, topic);
    expect(committed.filter((offset) => offset > 0).length).toBeLessThan(partitions);
    await consumer.close(true);
  });

  test('are committed by the adapter', async () => {
    const topic = await witness.createTopic(uniqueName('fault-3'), partitions);
    const group = await memberOf(kafka, uniqueName('group'));
    const writer = await openWriter(uniqueName('tx'));
    await writer.commit(commitOf(group, [[topic, 0, 'k', 'v']], offsetsOf(topic, partitions, 7)));
    expect(await witness.committedOffsets(group.groupId, topic)).toEqual([7, 7, 7, 7, 7, 7]);
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    expect(await kafka.committedOffsets(group.groupId, all)).toMatchObject(
      all.map(({ partition }) => ({ topic, partition, offset: 7 })),
    );
  });
});

describe('4: a transaction over many new partitions', () => {
  const partitions = 40;

  test('fails by concurrent sends of the client alone', async () => {
    const topic = await witness.createTopic(uniqueName('fault-4n'), partitions);
    const transaction = await firstNaive(uniqueName('tx')).beginTransaction();
    const sends = Array.from({ length: partitions }, (_, partition) =>
      transaction.send({ messages: [{ topic, partition, value: 'v' }] }),
    );
    const settled = await Promise.allSettled(sends);
    expect(settled.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  });

  test('is written by the adapter, again and again', async () => {
    const topic = await witness.createTopic(uniqueName('fault-4'), partitions);
    const group = await memberOf(kafka, uniqueName('group'));
    const writer = await openWriter(uniqueName('tx'));
    for (const round of ['a', 'b', 'c']) {
      const writes = Array.from({ length: partitions }, (_, partition): Write => [
        topic,
        partition,
        'k',
        round,
      ]);
      const ends = await writer.commit(commitOf(group, writes, [{ topic, partition: 0, offset: 1 }]));
      expect(ends.size).toBe(partitions);
    }
    const seen = await witness.readCommitted(topic);
    expect(seen).toHaveLength(3 * partitions);
    expect(seen.slice(0, 3).map(({ value }) => value)).toEqual(['a', 'b', 'c']);
  });
});

describe('5: sends of one idempotent producer at once', () => {
  // The client's own half does not show in 2.12.1 by sends that succeed; the adapter's must hold all the same.
  test('are kept in order by the adapter, though a commit sends several batches to a partition at once', async () => {
    const topic = await witness.createTopic(uniqueName('fault-5'), 2);
    const group = await memberOf(kafka, uniqueName('group'));
    for (const transactionalId of [null, uniqueName('tx')]) {
      const writer = await openWriter(transactionalId);
      for (let commit = 0; commit < 3; commit++) {
        const writes = Array.from({ length: 60 }, (_, i): Write => {
          return [
            topic,
            i % 2,
            'k',
            `${transactionalId ? 'tx' : 'plain'} ${commit} ${i} ${'x'.repeat(90_000)}`,
          ];
        });
        await writer.commit(commitOf(group, writes));
      }
    }
    const order = (await committedValues(topic)).map((value) => value?.replace(/ x+$/, ''));
    const expected = [0, 1].flatMap((partition) =>
      ['plain', 'tx'].flatMap((kind) =>
        [0, 1, 2].flatMap((commit) =>
          Array.from({ length: 30 }, (_, i) => `${kind} ${commit} ${2 * i + partition}`),
        ),
      ),
    );
    expect(order).toEqual(expected);
  });
});

describe('6: after a send of a transaction has failed', () => {
  const tooLarge = 'x'.repeat(2_000_000);

  test('the client alone may commit', async () => {
    const topic = await witness.createTopic(uniqueName('fault-6n'), 1);
    const transaction = await firstNaive(uniqueName('tx')).beginTransaction();
    const send = transaction.send({ messages: [{ topic, value: tooLarge }] });
    await expect(send).rejects.toThrowError('Produc');
    await expect(transaction.commit()).resolves.toBeUndefined();
  });

  test('the adapter never commits, whatever it is asked', async () => {
    const topic = await witness.createTopic(uniqueName('fault-6'), 2);
    const group = await memberOf(kafka, uniqueName('group'));
    const writer = await openWriter(uniqueName('tx'));
    const bad = commitOf(
      group,
      [
        [topic, 0, 'k', 'beside it'],
        [topic, 1, 'k', tooLarge],
      ],
      offsetsOf(topic, 1, 5),
    );
    await expect(writer.commit(bad)).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      message: expect.stringContaining(topic) as string,
    });
    await expect(writer.commit(commitOf(group, [[topic, 0, 'k', 'after']]))).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
    });
    await writer.close();
    const successor = await openWriter(uniqueName('tx'));
    await successor.commit(commitOf(group, [[topic, 0, 'k', 'good']]));
    expect(await kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toEqual([]);
    await successor.close();
  });

  test('a successor with the same id ends the broken transaction at once', async () => {
    const topic = await witness.createTopic(uniqueName('fault-6s'), 2);
    const group = await memberOf(kafka, uniqueName('group'));
    const transactionalId = uniqueName('tx');
    const writer = await openWriter(transactionalId);
    const bad = commitOf(
      group,
      [
        [topic, 0, 'k', 'beside it'],
        [topic, 1, 'k', tooLarge],
      ],
      offsetsOf(topic, 1, 5),
    );
    await expect(writer.commit(bad)).rejects.toThrowError('MESSAGE_TOO_LARGE');
    await writer.close();
    const successor = await openWriter(transactionalId);
    expect(await kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toEqual([]);
    await successor.commit(commitOf(group, [[topic, 0, 'k', 'good']]));
    expect(await committedValues(topic)).toEqual(['good']);
  });
});

describe('7: transactions one after the other', () => {
  // The client's own second shows only where the broker is still busy with the transaction before.
  test('take milliseconds with the adapter', async () => {
    const topic = await witness.createTopic(uniqueName('fault-7'), 1);
    const group = await memberOf(kafka, uniqueName('group'));
    const writer = await openWriter(uniqueName('tx'));
    await writer.commit(commitOf(group, [[topic, 0, 'k', 'first']]));
    const began = performance.now();
    for (let i = 0; i < 20; i++) {
      await writer.commit(commitOf(group, [[topic, 0, 'k', 'v']], [{ topic, partition: 0, offset: i }]));
    }
    expect((performance.now() - began) / 20).toBeLessThan(500);
  });

  test('have the timeout they are given', async () => {
    const beyondTheBroker = kafka.createWriter({
      transactionalId: uniqueName('tx'),
      transactionTimeoutMs: 24 * 3_600_000,
    });
    await expect(beyondTheBroker.open()).rejects.toThrowError('INVALID_TRANSACTION_TIMEOUT');
  });
});

describe('12: more than 1 MB for one partition', () => {
  const values = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat(90_000)}`);

  test('in one send is refused, with the client alone', async () => {
    const topic = await witness.createTopic(uniqueName('fault-12n'), 1);
    const send = naive().send({ messages: values.map((value) => ({ topic, value })) });
    await expect(send).rejects.toThrowError('Produc');
  });

  test('in one commit is split by the adapter', async () => {
    const topic = await witness.createTopic(uniqueName('fault-12'), 1);
    const writer = await openWriter(uniqueName('tx'));
    const group = await memberOf(kafka, uniqueName('group'));
    const ends = await writer.commit(
      commitOf(
        group,
        values.map((value): Write => [topic, 0, null, value]),
      ),
    );
    expect(ends).toEqual(new Map([[`${topic}-0`, 40]]));
    expect(await committedValues(topic)).toEqual(values);
  });
});

describe('13: the committed offsets, while a zombie’s transaction is open', () => {
  async function openOffset(topic: string, groupId: string): Promise<() => Promise<void>> {
    const producer = await witness.producer(uniqueName('tx'));
    const transaction = await producer.transaction();
    await transaction.sendOffsets({
      consumerGroupId: groupId,
      topics: [{ topic, partitions: [{ partition: 0, offset: '9' }] }],
    });
    return () => transaction.commit();
  }

  test('are those before it, with the client alone', async () => {
    const topic = await witness.createTopic(uniqueName('fault-13n'), 1);
    const groupId = uniqueName('group');
    const end = await openOffset(topic, groupId);
    const consumer = new Consumer({ clientId: 'naive', groupId, bootstrapBrokers: [servers().kafka] });
    const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] });
    expect(committed.get(topic)).toEqual([-1n]);
    await end();
    await consumer.close(true);
  });

  test('are waited for by the adapter', async () => {
    const topic = await witness.createTopic(uniqueName('fault-13'), 1);
    const groupId = uniqueName('group');
    const end = await openOffset(topic, groupId);
    let resolved = false;
    const asked = kafka.committedOffsets(groupId, [{ topic, partition: 0 }]).finally(() => {
      resolved = true;
    });
    // As long as it is open there is no answer: other calls are answered meanwhile.
    for (let i = 0; i < 20; i++) await kafka.describeTopics([topic]);
    expect(resolved).toBe(false);
    await end();
    expect(await asked).toEqual([{ topic, partition: 0, offset: 9, metadata: '' }]);
  });
});
