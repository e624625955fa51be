// Whatever is written into its topics, the processor goes on: junk is dead-lettered with its reason, good
// events are stored.
import { servers } from '@activity/testbed/testing';
import { test } from 'vitest';
import { expectJunkJudged } from './testing/junk-run.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

test(`10,000 records, three of four of them junk (SEED=${seed})`, { timeout: 1_800_000 }, async () => {
  await expectJunkJudged(servers().kafka, { seed, count: 10_000, leastStored: 2_000 });
});
