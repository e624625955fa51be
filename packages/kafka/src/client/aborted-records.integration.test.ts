// Transactions that are open at the same time and are aborted in another order than they began.
import { servers } from '@activity/testbed/testing/servers';
import type { Transaction } from 'kafkajs';
import { expect, test } from 'vitest';
import { connectWitness, uniqueName } from '../testing/index.ts';
import { openTopicReader } from './topic-reader.ts';

/** Opens a transaction and writes values into partition 0 of a topic. */
async function opened(
  witness: Awaited<ReturnType<typeof connectWitness>>,
  topic: string,
  values: string[],
): Promise<Transaction> {
  const producer = await witness.producer(uniqueName('transactions'));
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) });
  return transaction;
}

test('records of a transaction that began first and was aborted last are read by nobody', async () => {
  const brokers = [servers().kafka];
  await using witness = await connectWitness(...brokers);
  const topic = await witness.createTopic(uniqueName('aborted'), 1);
  const first = await opened(witness, topic, ['a', 'b', 'c']);
  const second = await opened(witness, topic, ['d', 'e']);
  // The broker lists aborted transactions in the order of their ends.
  await second.abort();
  await first.abort();
  await (await opened(witness, topic, ['f'])).commit();

  const seen = await witness.readCommitted(topic);
  expect(seen.map(({ value }) => value)).toEqual(['f']);
  const reader = openTopicReader({ brokers, clientId: 'aborted' });
  const read: (string | undefined)[] = [];
  for await (const { value } of reader.read(topic)) read.push(value?.toString());
  await reader.close();
  // The last one is the witness's own mark.
  expect(read).toEqual(['f', undefined]);
});
