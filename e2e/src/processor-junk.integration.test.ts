// Whatever is written into its topics, the processor goes on: junk is dead-lettered with its reason, good
// events are stored.
import { expect, test } from 'vitest';
import { runJunk } from './testing/junk-run.ts';
import { servers } from '@activity/testbed/testing';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

test(`400 records, three of four of them junk (SEED=${seed})`, { timeout: 300_000 }, async () => {
  const { wrong, letters, stored, failures, exitCode } = await runJunk(servers().kafka, seed, 400);
  expect(wrong).toEqual([]);
  expect(failures).toEqual([]);
  expect(exitCode).toBe(0);
  expect(stored).toBeGreaterThan(50);
  expect(Object.keys(letters).toSorted()).toEqual([
    'invalid',
    'too-deep',
    'too-large',
    'undecodable',
    'wrong-partition',
  ]);
});
