// The edge's writer on three brokers: leaders move, a broker dies, replicas are missing. What was
// acknowledged is there, once. Longer faults are in event-writer.slow.test.ts.
import { connectWitness, moveLeaders, untilInSync } from '@activity/kafka/testing';
import { threeBrokers } from '@activity/testbed/testing/three-brokers';
import { expect, test } from 'vitest';
import { startSteadyWrites, wrongIn } from './steady-writes.fixture.ts';

const three = threeBrokers(connectWitness);
const goesOnWithinMs = 10_000;

test('leaders move, and two brokers die one after the other: writing goes on, and nothing is lost or there twice', async () => {
  const { cluster, witness } = three;
  await using writes = await startSteadyWrites({ witness, brokers: cluster.addresses });
  const waits = [await writes.longestWait(moveLeaders(witness, [writes.topic]))];
  for (const broker of cluster.brokers.slice(0, 2)) {
    await broker.kill();
    waits.push(await writes.goOn(), await writes.longestWait(broker.restart()));
    await untilInSync(witness, [writes.topic]);
  }
  console.log(`leaders, two brokers: writes waited ${waits.map(Math.round).join(', ')} ms at most`);
  expect(Math.max(...waits)).toBeLessThan(goesOnWithinMs);
  expect(await wrongIn(writes)).toEqual([]);
  expect(writes.losses).toEqual([]);
}, 180_000);

test('too few replicas: nothing is acknowledged before they are back', async () => {
  const { cluster, witness } = three;
  const config = { 'min.insync.replicas': '3' };
  await using writes = await startSteadyWrites({ witness, brokers: cluster.addresses, config });
  const [, , broker] = cluster.brokers;
  await broker?.kill();
  let done = false;
  const writing = writes.goOn().finally(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve, 6000));
  expect(done).toBe(false);
  await broker?.restart();
  await writing;
  expect(await wrongIn(writes)).toEqual([]);
}, 180_000);
