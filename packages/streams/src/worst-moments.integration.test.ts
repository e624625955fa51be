// A process that is killed at the worst moments, one by one: while a commit's request or answer is on its
// way. Exactly once nothing shows of it; at least once it does, so these tests can fail.
import { freePort, startBroker, type LocalServer } from '@activity/testbed';
import { sliceOf } from '@activity/testbed/testing/slice';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createTopics,
  faultless,
  judge,
  sendIds,
  startApp,
  type App,
  type Verdict,
} from './testing-support/counts-run.ts';
import {
  apiKeys,
  startFaultProxy,
  type Fate,
  type FaultProxy,
  connectWitness,
  uniqueName,
  waitFor,
  type Witness,
} from '@activity/kafka/testing';
import { untilCommitted } from './testing-support/kill-run.ts';

let proxy: FaultProxy;
let broker: LocalServer;
let address = '';
let witness: Witness;

beforeAll(async () => {
  proxy = await startFaultProxy();
  const port = await freePort();
  proxy.target = { host: '127.0.0.1', port };
  address = `127.0.0.1:${proxy.port}`;
  broker = await startBroker({ port, config: { 'advertised.listeners': `PLAINTEXT://${address}` } });
  witness = await connectWitness(address);
});

afterAll(async () => {
  await witness[Symbol.asyncDispose]();
  await broker.stop();
  await proxy[Symbol.asyncDispose]();
});

type Guarantee = 'exactly_once' | 'at_least_once';

/** Runs an instance, kills it when a request of this kind has met its fate, and runs it again to the end. */
async function killAt(guarantee: Guarantee, apiKey: number, fate: Fate): Promise<Verdict> {
  const topics = await createTopics(witness, 2);
  const applicationId = uniqueName('worst');
  const start = (): App =>
    startApp({
      applicationId,
      brokers: [address],
      guarantee,
      instanceId: 'one',
      commitIntervalMs: 50,
      sessionTimeoutMs: 6000,
      counts: { topics },
    });
  const settled = (): Promise<void> => untilCommitted(witness, applicationId, topics.input);
  let app = start();
  try {
    await waitFor('the instance to run', () => app.state === 'RUNNING');
    await sendIds(witness, topics.input, 0, 500);
    await settled();
    const ids = 1500;
    let met = 0;
    // The witness sends by the same proxy, but nothing while this is decided: the input is there before.
    app.child.kill('SIGSTOP');
    await sendIds(witness, topics.input, 500, ids);
    proxy.decide = (key) => {
      if (key !== apiKey) return 'pass';
      met++;
      return fate;
    };
    app.child.kill('SIGCONT');
    await waitFor('the request to meet its fate', () => met > 0);
    await app.end('SIGKILL');
    proxy.decide = () => 'pass';
    app = start();
    await waitFor('the instance to run again', () => app.state === 'RUNNING');
    await settled();
    await app.end('SIGTERM');
    return await judge(witness, topics, ids);
  } finally {
    proxy.decide = () => 'pass';
    app.child.kill('SIGKILL');
  }
}

describe('exactly once, nothing shows of a kill', () => {
  const moments: [string, number, Fate][] = [
    ['after a commit whose answer is lost', apiKeys.endTxn, 'loseAnswer'],
    ['before a commit, its offsets and records written', apiKeys.endTxn, 'loseRequest'],
    ['before its offsets, its records written', apiKeys.txnOffsetCommit, 'loseRequest'],
    ['after its offsets', apiKeys.txnOffsetCommit, 'loseAnswer'],
    ['after its records', apiKeys.produce, 'loseAnswer'],
    ['before its records', apiKeys.produce, 'loseRequest'],
  ];
  test.each(sliceOf(moments, 2))('%s', async (_when, apiKey, fate) => {
    expect(await killAt('exactly_once', apiKey, fate)).toEqual(faultless);
  });
});

test('a broker that is killed and comes back costs nothing', async () => {
  const topics = await createTopics(witness, 2);
  const applicationId = uniqueName('broker');
  const app = startApp({
    applicationId,
    brokers: [address],
    guarantee: 'exactly_once',
    instanceId: 'one',
    commitIntervalMs: 50,
    sessionTimeoutMs: 6000,
    counts: { topics },
  });
  try {
    await waitFor('the instance to run', () => app.state === 'RUNNING');
    await sendIds(witness, topics.input, 0, 1500);
    await broker.kill();
    await broker.restart();
    await sendIds(witness, topics.input, 1500, 2000);
    await untilCommitted(witness, applicationId, topics.input);
    await app.end('SIGTERM');
    expect(await judge(witness, topics, 2000)).toEqual(faultless);
  } finally {
    app.child.kill('SIGKILL');
  }
});

describe('at least once', () => {
  test('a kill between records and offsets counts them twice, and loses nothing', async () => {
    const verdict = await killAt('at_least_once', apiKeys.offsetCommit, 'loseRequest');
    expect(verdict.lost).toBe(0);
    const { byKey, byDigit, byMinute } = verdict.wrongCounts;
    expect(byKey + byDigit + byMinute).toBeGreaterThan(0);
  });
});
