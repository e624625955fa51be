import { expect, test } from 'vitest';
import { runHostile } from './testing/hostile-run.ts';
import { servers } from '@activity/testbed/testing';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

test(`10,000 hostile queries (SEED=${seed}): no 5xx, no collection scan, memory flat, and the service ends in order`, async () => {
  const { statuses, wrong, scans, exitCode, grownMib } = await runHostile(servers().mongodb, seed, 10_000);
  console.log(statuses);
  expect(wrong).toEqual([]);
  expect(scans).toEqual([]);
  expect(exitCode).toBe(0);
  expect(grownMib).toBeLessThan(64);
  // Neither is everything refused, nor is everything taken.
  expect(statuses['200']).toBeGreaterThan(10_000 / 20);
  expect(statuses['400']).toBeGreaterThan(10_000 / 20);
});
