// An application on three brokers, of which one moves what it leads or dies: work goes on soon, and no number
// changes. Longer faults are in cluster.slow.test.ts.
import { openTopicReader } from '@activity/kafka';
import { connectWitness, leadersOf, moveLeaders } from '@activity/kafka/testing';
import { threeBrokers } from '@activity/testbed/testing/three-brokers';
import { expect, test } from 'vitest';
import { faultless } from './testing-support/counts-run.ts';
import { topicsOf } from './testing-support/kill-run.ts';
import { startSteadyRun } from './testing-support/steady-run.ts';

const three = threeBrokers(connectWitness);

test('leaders, coordinators and a broker go elsewhere: work goes on, nothing is lost or counted twice', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  const own = [
    ...Object.values(run.topics),
    ...(await topicsOf(three.witness, run.applicationId, run.topics.input)),
  ] as string[];

  await moveLeaders(three.witness, [...new Set(own)]);
  const waits = [await run.goOn()];

  await moveLeaders(three.witness, ['__consumer_offsets', '__transaction_state']);
  waits.push(await run.goOn());

  const [leader] = await leadersOf(three.witness, run.topics.input);
  const broker = three.cluster.brokers[(leader ?? 1) - 1];
  await broker?.kill();
  waits.push(await run.goOn());
  console.log(`leaders, coordinators, a broker: work went on after ${waits.map(Math.round).join(', ')} ms`);
  expect(Math.max(...waits)).toBeLessThan(run.limitMs);
  await broker?.restart();
  await run.goOn();
  expect(await run.finish()).toEqual(faultless);
}, 240_000);

test('a reader outside of applications reads on where leaders move', async () => {
  const topic = await three.witness.createTopic('read-on', 3);
  // More than one answer to a fetch has room for.
  const value = 'x'.repeat(200_000);
  const records = Array.from({ length: 150 }, (_, i) => ({ key: String(i), value, partition: i % 3 }));
  for (let from = 0; from < records.length; from += 15)
    await three.witness.send(topic, records.slice(from, from + 15));
  const reader = openTopicReader({ brokers: three.cluster.addresses, clientId: 'read-on' });
  try {
    const read: number[][] = [[], [], []];
    for await (const { partition, offset } of reader.read(topic)) {
      read[partition]?.push(offset);
      if (read.flat().length % 70 === 1) await moveLeaders(three.witness, [topic]);
    }
    expect(read).toEqual(read.map(() => Array.from({ length: 50 }, (_, offset) => offset)));
  } finally {
    await reader.close();
  }
}, 120_000);
