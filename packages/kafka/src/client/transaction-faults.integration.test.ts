// As client-faults.integration.test.ts: faults of the client's transactions that the adapter works round.
import { servers } from '@activity/testbed/testing';
import { Consumer } from '@platformatic/kafka';
import { describe, expect, test } from 'vitest';
import { commitOf, memberOf, type Write } from '../testing/commits.ts';
import { besideTheClient, offsetsOf } from '../testing/naive-client.ts';
import { uniqueName } from '../testing/witness.ts';

const beside = besideTheClient(() => servers().kafka);

describe('6: after a send of a transaction has failed', () => {
  const tooLarge = 'x'.repeat(2_000_000);

  test('the client alone may commit', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-6n'), 1);
    const transaction = await beside.firstNaive(uniqueName('tx')).beginTransaction();
    const send = transaction.send({ messages: [{ topic, value: tooLarge }] });
    await expect(send).rejects.toThrowError('Produc');
    await expect(transaction.commit()).resolves.toBeUndefined();
  });

  test('the adapter never commits, whatever it is asked', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-6'), 2);
    const group = await memberOf(beside.kafka, uniqueName('group'));
    const writer = await beside.openWriter(uniqueName('tx'));
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
    const successor = await beside.openWriter(uniqueName('tx'));
    await successor.commit(commitOf(group, [[topic, 0, 'k', 'good']]));
    expect(await beside.kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toEqual([]);
    await successor.close();
  });

  test('a successor with the same id ends the broken transaction at once', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-6s'), 2);
    const group = await memberOf(beside.kafka, uniqueName('group'));
    const transactionalId = uniqueName('tx');
    const writer = await beside.openWriter(transactionalId);
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
    const successor = await beside.openWriter(transactionalId);
    expect(await beside.kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toEqual([]);
    await successor.commit(commitOf(group, [[topic, 0, 'k', 'good']]));
    expect(await beside.committedValues(topic)).toEqual(['good']);
  });
});

describe('7: transactions one after the other', () => {
  // The client's own second shows only where the broker is still busy with the transaction before.
  test('take milliseconds with the adapter', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-7'), 1);
    const group = await memberOf(beside.kafka, uniqueName('group'));
    const writer = await beside.openWriter(uniqueName('tx'));
    await writer.commit(commitOf(group, [[topic, 0, 'k', 'first']]));
    const began = performance.now();
    for (let i = 0; i < 20; i++) {
      await writer.commit(commitOf(group, [[topic, 0, 'k', 'v']], [{ topic, partition: 0, offset: i }]));
    }
    expect((performance.now() - began) / 20).toBeLessThan(500);
  });

  test('have the timeout they are given', async () => {
    const beyondTheBroker = beside.kafka.createWriter({
      transactionalId: uniqueName('tx'),
      transactionTimeoutMs: 24 * 3_600_000,
    });
    await expect(beyondTheBroker.open()).rejects.toThrowError('INVALID_TRANSACTION_TIMEOUT');
  });
});

describe('12: more than 1 MB for one partition', () => {
  const values = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat(90_000)}`);

  test('in one send is refused, with the client alone', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-12n'), 1);
    const send = beside.naive().send({ messages: values.map((value) => ({ topic, value })) });
    await expect(send).rejects.toThrowError('Produc');
  });

  test('in one commit is split by the adapter', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-12'), 1);
    const writer = await beside.openWriter(uniqueName('tx'));
    const group = await memberOf(beside.kafka, uniqueName('group'));
    const ends = await writer.commit(
      commitOf(
        group,
        values.map((value): Write => [topic, 0, null, value]),
      ),
    );
    expect(ends).toEqual(new Map([[`${topic}-0`, 40]]));
    expect(await beside.committedValues(topic)).toEqual(values);
  });
});

describe('13: the committed offsets, while a zombie’s transaction is open', () => {
  async function openOffset(topic: string, groupId: string): Promise<() => Promise<void>> {
    const producer = await beside.witness.producer(uniqueName('tx'));
    const transaction = await producer.transaction();
    await transaction.sendOffsets({
      consumerGroupId: groupId,
      topics: [{ topic, partitions: [{ partition: 0, offset: '9' }] }],
    });
    return () => transaction.commit();
  }

  test('are those before it, with the client alone', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-13n'), 1);
    const groupId = uniqueName('group');
    const end = await openOffset(topic, groupId);
    const consumer = new Consumer({ clientId: 'naive', groupId, bootstrapBrokers: [servers().kafka] });
    const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] });
    expect(committed.get(topic)).toEqual([-1n]);
    await end();
    await consumer.close(true);
  });

  test('are waited for by the adapter', async () => {
    const topic = await beside.witness.createTopic(uniqueName('fault-13'), 1);
    const groupId = uniqueName('group');
    const end = await openOffset(topic, groupId);
    let resolved = false;
    const asked = beside.kafka.committedOffsets(groupId, [{ topic, partition: 0 }]).finally(() => {
      resolved = true;
    });
    // As long as it is open there is no answer: other calls are answered meanwhile.
    for (let i = 0; i < 20; i++) await beside.kafka.describeTopics([topic]);
    expect(resolved).toBe(false);
    await end();
    expect(await asked).toEqual([{ topic, partition: 0, offset: 9, metadata: '' }]);
  });
});
