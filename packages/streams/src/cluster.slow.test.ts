// Faults of a cluster of three brokers that take long;
// a short one of each kind is in cluster.integration.test.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectWitness, electWithoutNewest, leadersOf, untilInSync } from '@activity/kafka/testing';
import type { LocalServer } from '@activity/testbed';
import { threeBrokers } from '@activity/testbed/testing/three-brokers';
import { expect, test } from 'vitest';
import { faultless, lagOf } from './testing-support/counts-run.ts';
import { startSteadyRun, type SteadyRun } from './testing-support/steady-run.ts';

const three = threeBrokers(connectWitness);

function brokerOf(node: number | undefined): LocalServer {
  const broker = three.cluster.brokers[(node ?? 0) - 1];
  if (!broker) throw new Error(`there is no broker ${node}`);
  return broker;
}

/** Sends and waits, again and again, until something is over. Returns the longest wait, in milliseconds. */
async function longestWait(run: SteadyRun, over: Promise<unknown>): Promise<number> {
  const end = new AbortController();
  const ending = over.finally(() => end.abort());
  let longest = 0;
  while (!end.signal.aborted) longest = Math.max(longest, await run.goOn());
  await ending;
  return longest;
}

test('a broker is gone for 60 s: work goes on without it, and with it again', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  const [leader] = await leadersOf(three.witness, run.topics.input);
  const broker = brokerOf(leader);
  await broker.kill();
  const without = await longestWait(run, sleep(60_000));
  const back = await longestWait(run, broker.restart());
  console.log(
    `longest waits: ${Math.round(without)} ms without the broker, ${Math.round(back)} ms as it came back`,
  );
  expect(without).toBeLessThan(run.limitMs);
  expect(back).toBeLessThan(run.limitMs);
  expect(await run.finish()).toEqual(faultless);
}, 600_000);

test('a broker stalls for 20 s, and takes connections still: work goes on, nothing is lost or counted twice', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  const [leader] = await leadersOf(three.witness, run.topics.input);
  const { pid } = brokerOf(leader);
  // In the middle of work. The test's own client waits for the broker, so it sends nothing meanwhile.
  await run.send(8_000);
  process.kill(-(pid as number), 'SIGSTOP');
  await sleep(20_000);
  process.kill(-(pid as number), 'SIGCONT');
  const wait = await run.goOn();
  console.log(`work went on ${Math.round(wait)} ms after it`);
  expect(wait).toBeLessThan(run.limitMs);
  expect(await run.finish()).toEqual(faultless);
}, 300_000);

test('all brokers are restarted, one after the other', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  for (const broker of three.cluster.brokers) {
    const longest = await longestWait(run, broker.restart());
    console.log(`longest wait while one was restarted: ${Math.round(longest)} ms`);
    expect(longest).toBeLessThan(run.limitMs);
    // The next one goes when this one is a replica again, as an operator would have it.
    await untilInSync(three.witness, Object.values(run.topics) as string[]);
  }
  expect(await run.finish()).toEqual(faultless);
}, 600_000);

test('too few replicas of an output topic: work waits, and goes on when they are back', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  await three.witness.configure(run.topics.copies, { 'min.insync.replicas': '3' });
  const broker = brokerOf(3);
  await broker.kill();
  // Until it counts as gone, writes to it only wait.
  await sleep(6_000);
  await run.send(1000);
  await sleep(10_000);
  expect(await lagOf(three.witness, run.applicationId, [run.topics.input])).toBeGreaterThan(0);
  expect([...run.apps.values()].map(({ state }) => state)).not.toContain('ERROR');
  await broker.restart();
  expect(await run.goOn()).toBeLessThan(run.limitMs * 2);
  expect(await run.finish()).toEqual(faultless);
}, 300_000);

test('a leader without the newest records is elected: what was processed before is not processed again', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  const { input } = run.topics;
  const { cluster, witness } = three;
  const { before, after, former } = await electWithoutNewest(witness, cluster.brokers, input, () =>
    run.goOn(),
  );
  expect(after).toBeLessThan(before);
  // New records may take the offsets of lost ones before the loss is noticed: their leader epoch is another.
  for (let end = after; end <= before; [end = 0] = await witness.endOffsets(input)) await run.send(400);
  await run.goOn();
  await former.restart();
  await run.goOn();
  // The input no longer has what was lost, so the plain program that reads it differs.
  expect({ ...(await run.finish()), wrongRecent: 0 }).toEqual(faultless);
}, 600_000);
