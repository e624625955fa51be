// The full size of kills.integration.test.ts, on three brokers, other faults than kills, and the proof that a
// run can fail.
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectWitness } from '@activity/kafka/testing';
import { threeBrokers } from '@activity/testbed/testing/three-brokers';
import { describe, expect, test } from 'vitest';
import { faultless, type Verdict } from './testing-support/counts-run.ts';
import { runWithKills, type KillRunOptions } from './testing-support/kill-run.ts';
import { mountDisk } from './testing-support/run-faults.ts';

const three = threeBrokers(connectWitness);
const timeout = 1_800_000;

function run(options: Partial<KillRunOptions> & Pick<KillRunOptions, 'ids' | 'kills'>): Promise<Verdict> {
  return runWithKills({
    witness: three.witness,
    brokers: three.cluster.addresses,
    guarantee: 'exactly_once',
    ...options,
  });
}

const size = { ids: 300_000, kills: 30, commitIntervalMs: 20 };

test(
  '30 SIGKILLs over 300,000 records, and ids sent again: none lost, none duplicated, all counts right',
  async () => {
    expect(await run(size)).toEqual(faultless);
  },
  timeout,
);

test(
  'the same run at least once loses nothing either, and does count twice',
  async () => {
    const verdict = await run({ ...size, guarantee: 'at_least_once' });
    expect(verdict.lost).toBe(0);
    const { byKey, byDigit, byMinute } = verdict.wrongCounts;
    expect(verdict.duplicated + byKey + byDigit + byMinute).toBeGreaterThan(0);
  },
  timeout,
);

test(
  'a run whose dedupe has forgotten what it saw lets the ids through that are sent again',
  async () => {
    const verdict = await run({ ids: 30_000, kills: 4, forget: true });
    expect(verdict.lost).toBe(0);
    expect(verdict.duplicated).toBeGreaterThan(0);
  },
  timeout,
);

describe('other faults cost nothing either', () => {
  const small = { ids: 60_000, kills: 4 };
  const probe = mkdtempSync(join(tmpdir(), 'streams-mount-'));
  const disk = mountDisk(probe, 1);
  disk?.[Symbol.dispose]();
  rmdirSync(probe);

  test(
    'a process that stands still past its session',
    async () => {
      expect(await run({ ...small, fault: 'stop' })).toEqual(faultless);
    },
    timeout,
  );

  test(
    'an instance that is killed while it gives tasks up to another that starts',
    async () => {
      expect(await run({ ids: 60_000, kills: 8, fault: 'killAsOneJoins', onDisk: ['a', 'b'] })).toEqual(
        faultless,
      );
    },
    timeout,
  );

  test(
    'one of two threads that stands still past its session',
    async () => {
      expect(await run({ ...small, fault: 'stallThread', threads: 2, onDisk: ['a', 'b'] })).toEqual(
        faultless,
      );
    },
    timeout,
  );

  // Mounting a disk of its own takes root.
  test.skipIf(!disk)(
    'a disk that is full for ten seconds (skipped where no disk can be mounted)',
    async () => {
      expect(await run({ ...small, fault: 'fillDisk' })).toEqual(faultless);
    },
    timeout,
  );

  test(
    'a clock that is set back by an hour',
    async () => {
      expect(await run({ ...small, fault: 'setClockBack', onDisk: ['a', 'b'] })).toEqual(faultless);
    },
    timeout,
  );
});
