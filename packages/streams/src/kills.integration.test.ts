// Processes that are killed at random points: nothing lost, nothing twice, read by kafkajs with
// read_committed. The full size of this is in kills.slow.test.ts.
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultless } from './testing-support/counts-run.ts';
import { runWithKills } from './testing-support/kill-run.ts';
import { connectWitness, type Witness } from '@activity/kafka/testing';

let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

test('4 SIGKILLs over 30,000 records with two instances: none lost, none duplicated, all counts right', async () => {
  const brokers = [servers().kafka];
  const verdict = await runWithKills({ witness, brokers, guarantee: 'exactly_once', ids: 30_000, kills: 4 });
  expect(verdict).toEqual(faultless);
}, 300_000);

test('the same with two worker threads in each instance', async () => {
  const brokers = [servers().kafka];
  const size = { ids: 10_000, kills: 2, threads: 2 };
  const verdict = await runWithKills({ witness, brokers, guarantee: 'exactly_once', ...size });
  expect(verdict).toEqual(faultless);
}, 300_000);
