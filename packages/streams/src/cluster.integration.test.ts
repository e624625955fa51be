// An application on three brokers, of which one moves what it leads or dies: work goes on soon, and no number
// changes. Longer faults are in cluster.slow.test.ts.
import { startCluster } from '@activity/testbed';
import { expect, test } from 'vitest';
import { faultless } from './testing-support/counts-run.ts';
import { topicsOf } from './testing-support/kill-run.ts';
import { leadersOf, moveLeaders, startSteadyRun } from './testing-support/steady-run.ts';
import { threeBrokers } from './testing-support/three-brokers.ts';

const three = threeBrokers(() => startCluster());

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
