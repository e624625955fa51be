// An application on three brokers, of which one moves what it leads or dies: work goes on soon, and no number
// changes. Longer faults are in cluster.slow.test.ts.
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
