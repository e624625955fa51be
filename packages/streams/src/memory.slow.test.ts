// How much memory a process takes that has much to catch up with: its buffers, caches and transactions are
// bounded in bytes.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTopics, lagOf, startApp } from './testing-support/counts-run.ts';
import { untilCommitted } from './testing-support/kill-run.ts';

const partitions = 4;
const recordsEach = 500;
const valueBytes = 200_000;
const limitMb = 512;
let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

/** The most memory that a process has had resident, in megabytes. Linux counts it. */
function peakMbOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

// Where there is no /proc, nobody counts what a process has had.
test.skipIf(process.platform !== 'linux')(
  `${partitions * recordsEach} records of ${valueBytes / 1000} kB that gathered in an outage take no more than ${limitMb} MiB`,
  async () => {
    const topics = await createTopics(witness, partitions);
    const folder = mkdtempSync(join(tmpdir(), 'streams-memory-'));
    const text = randomBytes(valueBytes / 2).toString('hex');
    for (let n = 0; n < recordsEach; n++) {
      await witness.send(
        topics.input,
        Array.from({ length: partitions }, (_, partition) => ({
          key: `key ${partition} ${n}`,
          value: text,
          partition,
        })),
      );
    }
    const applicationId = uniqueName('memory');
    const app = startApp(
      {
        applicationId,
        brokers: [servers().kafka],
        stateDir: folder,
        module: 'large-topology.ts',
        counts: { topics },
      },
      // As Node chooses it where a container has 512 MiB.
      ['--max-old-space-size=256'],
    );
    try {
      await untilCommitted(witness, applicationId, topics.input, new Map([['it', app]]));
      const peakMb = peakMbOf(app.child.pid);
      console.log(`the process took ${Math.round(peakMb)} MiB at most`);
      expect(await lagOf(witness, applicationId, [topics.input])).toBe(0);
      expect(peakMb).toBeLessThan(limitMb);
      await app.end('SIGTERM');
      const copied = (await witness.endOffsets(topics.copies)).reduce((sum, end) => sum + end, 0);
      expect(copied).toBeGreaterThanOrEqual(partitions * recordsEach);
    } finally {
      app.child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
