// The edge's writer on three brokers, of which one or the other is away for long: what it acknowledged is in
// the topic, once. A short fault of each kind is in event-writer.integration.test.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectWitness, electWithoutNewest, leadersOf, untilInSync } from '@activity/kafka/testing';
import type { LocalServer } from '@activity/testbed';
import { threeBrokers } from '@activity/testbed/testing/three-brokers';
import { expect, test } from 'vitest';
import { createTopic, startSteadyWrites, wrongIn } from './steady-writes.fixture.ts';

const three = threeBrokers(connectWitness);
const goesOnWithinMs = 10_000;

function brokerOf(node: number | undefined): LocalServer {
  const broker = three.cluster.brokers[(node ?? 0) - 1];
  if (!broker) throw new Error(`there is no broker ${node}`);
  return broker;
}

test('a broker is gone for 60 s: writing goes on without it, and with it again', async () => {
  const { cluster, witness } = three;
  await using writes = await startSteadyWrites({ witness, brokers: cluster.addresses });
  const broker = brokerOf((await leadersOf(witness, writes.topic))[0]);
  await broker.kill();
  const waits = [await writes.longestWait(sleep(60_000)), await writes.longestWait(broker.restart())];
  console.log(
    `longest waits: ${waits.map(Math.round).join(', ')} ms without the broker, and as it came back`,
  );
  expect(Math.max(...waits)).toBeLessThan(goesOnWithinMs);
  expect(await wrongIn(writes)).toEqual([]);
}, 300_000);

test('all brokers are restarted, one after the other, though the edge was given only the first', async () => {
  const { cluster, witness } = three;
  await using writes = await startSteadyWrites({ witness, brokers: cluster.addresses.slice(0, 1) });
  const waits: number[] = [];
  for (const broker of cluster.brokers) {
    waits.push(await writes.longestWait(broker.restart()));
    // The next one goes when this one is a replica again, as an operator would have it.
    waits.push(await writes.longestWait(untilInSync(witness, [writes.topic])));
  }
  console.log(`longest waits: ${waits.map(Math.round).join(', ')} ms, by turns restarted and back`);
  expect(Math.max(...waits)).toBeLessThan(goesOnWithinMs);
  expect(await wrongIn(writes)).toEqual([]);
  expect(writes.losses).toEqual([]);
}, 300_000);

test('a broker stalls, and takes connections still: writing goes on, also of an edge that starts then', async () => {
  const { cluster, witness } = three;
  // The first that is given: an edge that starts asks it first.
  const [stalled] = cluster.brokers;
  const topic = await createTopic(witness);
  await using writes = await startSteadyWrites({ witness, brokers: cluster.addresses });
  process.kill(-(stalled?.pid as number), 'SIGSTOP');
  try {
    const began = performance.now();
    await using starting = await startSteadyWrites({ witness, brokers: cluster.addresses, topic });
    const start = performance.now() - began;
    const wait = await writes.longestWait(sleep(20_000));
    console.log(
      `longest waits: ${Math.round(start)} ms of one that started, ${Math.round(wait)} ms of the other`,
    );
    expect(start).toBeLessThan(goesOnWithinMs * 1.5);
    expect(wait).toBeLessThan(goesOnWithinMs);
    process.kill(-(stalled?.pid as number), 'SIGCONT');
    await writes.goOn();
    expect(await wrongIn(writes)).toEqual([]);
    expect(await wrongIn(starting)).toEqual([]);
  } finally {
    process.kill(-(stalled?.pid as number), 'SIGCONT');
  }
}, 300_000);

test('a leader without the newest records is elected: only what it lacked is lost, and that is logged', async () => {
  const { cluster, witness } = three;
  await using writes = await startSteadyWrites({ witness, brokers: cluster.addresses });
  const { before, after, former } = await electWithoutNewest(witness, cluster.brokers, writes.topic, () =>
    writes.goOn(),
  );
  expect(after).toBeLessThan(before);
  const lacked = [...writes.acknowledged].filter(
    ([, { partition, offset }]) => partition === 0 && offset !== undefined && offset >= after,
  );
  expect(lacked).toHaveLength(before - after);
  expect(await writes.goOn()).toBeLessThan(goesOnWithinMs);
  expect(await writes.longestWait(former.restart())).toBeLessThan(goesOnWithinMs);
  await writes.goOn();
  expect(await wrongIn(writes)).toEqual(lacked.map(([value]) => `${value} is not there`));
  expect(writes.losses).toEqual([{ partition: 0, from: after, to: before }]);
  expect(writes.errors).toEqual([
    expect.stringContaining('keeping events failed after they were acknowledged'),
  ]);
}, 300_000);
