// An application on three brokers, of which one moves what it leads or dies: work goes on soon, and no number changes.
// Longer faults are in cluster.slow.test.ts.
import { startCluster, type KafkaCluster } from '@activity/local';
import { connectWitness, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultless } from './testing-support/counts-run.ts';
import { topicsOf } from './testing-support/kill-run.ts';
import { leadersOf, moveLeaders, startSteadyRun } from './testing-support/steady-run.ts';

let cluster: KafkaCluster;
let witness: Witness;

beforeAll(async () => {
  cluster = await startCluster();
  witness = await connectWitness(...cluster.addresses);
}, 180_000);

afterAll(async () => {
  await witness?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
}, 60_000);

test('leaders, coordinators and a broker go elsewhere: work goes on, nothing is lost or counted twice', async () => {
  await using run = await startSteadyRun(cluster.addresses, witness);
  const own = [
    ...Object.values(run.topics),
    ...(await topicsOf(witness, run.applicationId, run.topics.input)),
  ] as string[];

  await moveLeaders(witness, [...new Set(own)]);
  const waits = [await run.goOn()];

  await moveLeaders(witness, ['__consumer_offsets', '__transaction_state']);
  waits.push(await run.goOn());

  const [leader] = await leadersOf(witness, run.topics.input);
  const broker = cluster.brokers[(leader ?? 1) - 1];
  await broker?.kill();
  waits.push(await run.goOn());
  console.log(`leaders, coordinators, a broker: work went on after ${waits.map(Math.round).join(', ')} ms`);
  expect(Math.max(...waits)).toBeLessThan(run.limitMs);
  await broker?.restart();
  await run.goOn();
  expect(await run.finish()).toEqual(faultless);
}, 240_000);
