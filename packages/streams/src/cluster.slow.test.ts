// Faults of a cluster of three brokers that take long;
// a short one of each kind is in cluster.integration.test.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type LocalServer } from '@activity/testbed';
import { expect, test } from 'vitest';
import { faultless, lagOf } from './testing-support/counts-run.ts';
import { waitFor } from './testing-support/kill-run.ts';
import { leadersOf, outOfSync, startSteadyRun, type SteadyRun } from './testing-support/steady-run.ts';
import { threeBrokers } from './testing-support/three-brokers.ts';

const three = threeBrokers(() => startCluster());

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

test('all brokers are restarted, one after the other', async () => {
  await using run = await startSteadyRun(three.cluster.addresses, three.witness);
  for (const broker of three.cluster.brokers) {
    const longest = await longestWait(run, broker.restart());
    console.log(`longest wait while one was restarted: ${Math.round(longest)} ms`);
    expect(longest).toBeLessThan(run.limitMs);
    // The next one goes when this one is a replica again, as an operator would have it.
    await waitFor('all replicas to be in sync', async () => {
      const topics = Object.values(run.topics) as string[];
      return (await outOfSync(three.witness, topics)) === 0;
    });
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
  const config = { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' };
  await three.witness.configure(input, config);
  // One partition has two replicas of which one falls behind and the other dies.
  const [first] = await leadersOf(three.witness, input);
  const leader = first ?? 1;
  const behind = (leader % 3) + 1;
  await three.witness.admin.alterPartitionReassignments({
    topics: [{ topic: input, partitionAssignment: [{ partition: 0, replicas: [leader, behind] }] }],
  });
  await run.goOn();
  await brokerOf(behind).kill();
  await waitFor('the other replica to count as gone', async () => {
    const { topics } = await three.witness.admin.fetchTopicMetadata({ topics: [input] });
    return topics[0]?.partitions.find(({ partitionId }) => partitionId === 0)?.isr.length === 1;
  });
  await run.goOn();
  const [before = 0] = await three.witness.endOffsets(input);
  await brokerOf(leader).kill();
  await brokerOf(behind).restart();
  await waitFor(
    'the other replica to lead',
    async () => (await leadersOf(three.witness, input))[0] === behind,
  );
  const [after = 0] = await three.witness.endOffsets(input);
  expect(after).toBeLessThan(before);
  // New records may take the offsets of lost ones before the loss is noticed: their leader epoch is another.
  for (let end = after; end <= before; [end = 0] = await three.witness.endOffsets(input)) await run.send(400);
  await run.goOn();
  await brokerOf(leader).restart();
  await run.goOn();
  // The input no longer has what was lost, so the plain program that reads it differs.
  expect({ ...(await run.finish()), wrongRecent: 0 }).toEqual(faultless);
}, 300_000);
