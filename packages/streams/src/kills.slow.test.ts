// The full size of kills.integration.test.ts, and the proof that it can fail.
import { servers } from '@activity/local/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultless } from './testing-support/counts-run.ts';
import { runWithKills } from './testing-support/kill-run.ts';
import { connectWitness, type Witness } from '@activity/kafka/testing';

let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

const size = { ids: 300_000, kills: 30, commitIntervalMs: 20 };

test('30 SIGKILLs over 300,000 records with two instances: none lost, none duplicated, all counts right', async () => {
  const verdict = await runWithKills({
    witness,
    broker: servers().kafka,
    guarantee: 'exactly_once',
    ...size,
  });
  expect(verdict).toEqual(faultless);
}, 1_200_000);

test('the same run at least once loses nothing either, and does count twice', async () => {
  const verdict = await runWithKills({
    witness,
    broker: servers().kafka,
    guarantee: 'at_least_once',
    ...size,
  });
  expect(verdict.lost).toBe(0);
  const { byKey, byDigit, byMinute } = verdict.wrongCounts;
  expect(verdict.duplicated + byKey + byDigit + byMinute).toBeGreaterThan(0);
}, 1_200_000);
