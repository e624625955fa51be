// Whatever is written into its topics, the processor goes on: junk is dead-lettered with its reason, good
// events are stored.
import { expect, test } from 'vitest';
import { runJunk } from './testing/junk-run.ts';
import { servers } from '@activity/testbed/testing';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

test(`10,000 records, three of four of them junk (SEED=${seed})`, { timeout: 1_800_000 }, async () => {
  const { wrong, letters, stored, failures, exitCode } = await runJunk(servers().kafka, seed, 10_000);
  expect(wrong).toEqual([]);
  expect(failures).toEqual([]);
  expect(exitCode).toBe(0);
  expect(stored).toBeGreaterThan(2_000);
  expect(Object.keys(letters).toSorted()).toEqual([
    'invalid',
    'too-deep',
    'too-large',
    'undecodable',
    'wrong-partition',
  ]);
});
